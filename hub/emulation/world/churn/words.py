"""What customers and agents say. Who stays and who leaves say the same sentences."""

from __future__ import annotations

QUESTIONS = {
    "delivery": ("Parcel has not arrived", "The parcel of this month is not here yet."),
    "defect": ("Machine leaks", "The machine leaks and no longer heats up."),
    "billing": ("Question about my invoice", "I do not understand the second line of my invoice."),
    "account": ("Cannot log in", "The app refuses my password since the update."),
    "advice": ("Which filter fits", "Which filter fits the machine that I have?"),
}
ONCE_MORE = (
    "As I told your colleague, it has not changed. Do I have to explain it again?",
    "I sent the photos on Monday, to somebody else.",
    "Thank you. It is as before, though.",
    "Is there any news on this?",
)
REPLIES = (
    "Thank you for telling us. I am looking into it.",
    "Could you please send us the order number and a photo?",
    "I have taken this over from my colleague. Could you tell me what happened?",
    "I have passed this on to the workshop, who will be in touch.",
)
DONE = "This is done now. Please tell us if anything is still open."
COMPLAINTS = (
    ("Not happy", "I am disappointed by how this went. I expected better of you."),
    ("Third late delivery", "This is the third late delivery this year and I am annoyed."),
    ("Unfriendly call", "I was cut off twice on the telephone. This is poor service."),
)
SORRY = "I am sorry to hear this. I will look into it and come back to you."
NEW_TERMS = "From next month on a parcel costs 2.50 AUD more. Nothing else changes."
THANKS_FOR_ANOTHER_YEAR = "Your membership goes on for another year. Thank you!"
