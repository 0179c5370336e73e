"""The words that the world is made of: names, streets, products, what customers say.

Mail domains are subdomains of example.com, .net and .org (RFC 2606), telephone numbers come from
the ranges that the Australian regulator sets aside for fiction, so nothing here reaches anybody.
Source: ACMA, "Phone numbers for use in TV shows, films and creative works".
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    """The words of a long line."""
    return tuple(text.split())


NICKNAMES = {
    "Alexander": ("Alex", "Sandy"),
    "Alexandra": ("Alex", "Sasha"),
    "Amanda": ("Mandy",),
    "Andrew": ("Andy", "Drew"),
    "Anthony": ("Tony",),
    "Barbara": ("Barb",),
    "Benjamin": ("Ben",),
    "Catherine": ("Cathy", "Kate"),
    "Charles": ("Charlie", "Chuck"),
    "Christina": ("Tina", "Chris"),
    "Christopher": ("Chris",),
    "Daniel": ("Dan", "Danny"),
    "David": ("Dave",),
    "Deborah": ("Deb", "Debbie"),
    "Edward": ("Ed", "Ted"),
    "Elizabeth": ("Liz", "Beth", "Betty"),
    "Frederick": ("Fred",),
    "Gregory": ("Greg",),
    "Isabella": ("Bella",),
    "Jacob": ("Jake",),
    "James": ("Jim", "Jimmy"),
    "Jennifer": ("Jen", "Jenny"),
    "Jessica": ("Jess",),
    "Jonathan": ("Jon",),
    "Joseph": ("Joe",),
    "Joshua": ("Josh",),
    "Katherine": ("Kate", "Kathy"),
    "Kimberly": ("Kim",),
    "Margaret": ("Maggie", "Peggy"),
    "Matthew": ("Matt",),
    "Michael": ("Mike", "Mick"),
    "Natalie": ("Nat",),
    "Nicholas": ("Nick",),
    "Pamela": ("Pam",),
    "Patricia": ("Pat", "Trish"),
    "Patrick": ("Pat", "Paddy"),
    "Peter": ("Pete",),
    "Rebecca": ("Becky", "Bec"),
    "Richard": ("Rick", "Dick"),
    "Robert": ("Bob", "Rob"),
    "Samantha": ("Sam",),
    "Samuel": ("Sam",),
    "Stephanie": ("Steph",),
    "Steven": ("Steve",),
    "Susan": ("Sue",),
    "Thomas": ("Tom",),
    "Timothy": ("Tim",),
    "Victoria": ("Vicky", "Tori"),
    "William": ("Bill", "Will"),
    "Zachary": ("Zac",),
}
"""Given name to what friends say; a nickname may belong to several names."""

WOMEN = _words(
    "Elizabeth Jennifer Jessica Rebecca Sarah Emma Olivia Charlotte Amelia Mia Isabella Catherine "
    "Katherine Margaret Patricia Susan Samantha Stephanie Victoria Natalie Chloé Zoë Renée Noémie "
    "Amanda Barbara Deborah Alexandra Christina Kimberly Pamela Grace Ruby Hannah Lucy Sophie Ella "
    "Matilda Evie Harriet Ivy Audrey Mei Priya Anjali Thuy Yuki Fatima Aisha Layla Ngozi Ingrid "
    "Astrid Siobhán Niamh Aoife Bronwyn Carys Leilani Marama Aroha Yasmin Soledad Inés Lucía "
    "Giulia Chiara Katarzyna Agnieszka Svetlana Oksana Jiayi Xinyi Hana Minji Keira Tahlia"
)
MEN = _words(
    "William James Thomas Michael Robert David Christopher Matthew Andrew Daniel Benjamin Joshua "
    "Samuel Joseph Nicholas Anthony Alexander Patrick Peter Timothy Steven Richard Charles Edward "
    "Gregory Frederick Jonathan Jacob Zachary Oliver Noah Jack Henry Leo Liam Lachlan Angus Hamish "
    "Hugo Étienne François Björn Jürgen José Andrés Søren Mateo Luca Giovanni Wei Ming Arjun Rohan "
    "Nguyên Kenji Hiroshi Ahmed Omar Yusuf Kwame Tāne Nikau Callum Declan Ciarán Rhys Gethin Pavel "
    "Mikhail Tomasz Krzysztof Jun Haruto Minjun Xavier Darcy Flynn Banjo Kai Ezra"
)
SURNAMES = _words(
    "Smith Jones Williams Brown Wilson Taylor Nguyen Johnson Martin White Anderson Walker Thompson "
    "Thomas Lee Harris Ryan Robinson Kelly King Singh Campbell Davis Wright Evans Roberts Green "
    "Hall Clarke Murphy Mitchell Baker Phillips Edwards Turner Cooper Chen Patel Kaur Tran Wang "
    "Müller Schröder García Núñez Fernández O'Brien O'Connor McDonald MacLeod Kowalski Nowak Rossi "
    "Ferrari Bianchi Papadopoulos Ivanov Petrov Larsson Håkansson Jørgensen Lefèvre Béchard Dubois "
    "Côté Moreau Yamamoto Tanaka Kim Park Zhang Huang Sharma Gupta Fernando Silva Perera Hassan "
    "Khan Ali Abbott Barnes Brennan Byrne Carter Cox Crawford Dawson Dixon Doherty Duffy Ellis "
    "Farrell Fleming Fraser Gallagher Gibson Graham Grant Hayes Henderson Higgins Holland Hughes "
    "Hunter Jackson Jenkins Kennedy Lambert Lawson Lloyd Marsh Mason McKenzie Morris Nash Newman "
    "Nolan Osborne Palmer Parker Pearce Porter Quinn Reid Reynolds Sanders Saunders Shaw Sheppard "
    "Spencer Stone Sutton Talbot Tucker Vaughan Wallace Walsh Warren Watts Webb Whitaker York "
    "Zammit Ashworth Blackwood Carmody Devereux Eastwood Fairweather Goodfellow Hawthorne Ingham "
    "Jellicoe Kirkbride Lockhart Merriweather Northcote Oakley Penhaligon Quigley Ravenscroft"
)
MAIL_DOMAINS = (
    "mail.example.com",
    "inbox.example.net",
    "post.example.org",
    "webmail.example.com",
    "home.example.net",
)
STREETS = _words(
    "Albert Banksia Beach Boundary Bridge Castle Charlotte Church Edward Elizabeth Ferry George "
    "Grey Hawthorn High Jacaranda King Lake Latrobe Margaret Market Mill Orchard Park Queen "
    "Railway River Rose Station Victoria Wattle William Wattletree Wharf Windsor"
)
STREET_KINDS = {"Street": "St", "Road": "Rd", "Avenue": "Ave", "Drive": "Dr", "Terrace": "Tce"}
SUBURBS = (
    ("Brisbane City", "QLD", "4000"),
    ("West End", "QLD", "4101"),
    ("Paddington", "QLD", "4064"),
    ("Toowong", "QLD", "4066"),
    ("Southport", "QLD", "4215"),
    ("Maroochydore", "QLD", "4558"),
    ("Ipswich", "QLD", "4305"),
    ("Newtown", "NSW", "2042"),
    ("Parramatta", "NSW", "2150"),
    ("Manly", "NSW", "2095"),
    ("Surry Hills", "NSW", "2010"),
    ("Wollongong", "NSW", "2500"),
    ("Fitzroy", "VIC", "3065"),
    ("Brunswick", "VIC", "3056"),
    ("Geelong", "VIC", "3220"),
    ("St Kilda", "VIC", "3182"),
    ("Fremantle", "WA", "6160"),
    ("Glenelg", "SA", "5045"),
    ("Hobart", "TAS", "7000"),
    ("Braddon", "ACT", "2612"),
)
COMPANY_WORDS = _words(
    "Banksia Bluegum Coral Currawong Eureka Harbour Ironbark Jacaranda Kestrel Lorikeet Magpie "
    "Outback Pelican Quokka Redgum Southern Tasman Wattle Yarra Zephyr"
)
COMPANY_TRADES = {
    "Catering": "Hospitality",
    "Logistics": "Transport",
    "Design": "Creative",
    "Dental": "Health",
    "Builders": "Construction",
    "Consulting": "Professional services",
    "Foods": "Retail",
}
JOB_TITLES = ("Office Manager", "Buyer", "Director", "Assistant", "Head of Operations", "Chef")
ROLE_MAILBOXES = ("info", "office", "orders", "accounts")
STORES = (("Brisbane", "AUD"), ("Sydney", "AUD"), ("Melbourne", "AUD"), ("Auckland", "NZD"))
AGENTS = ("Ines", "Kofi", "Lena", "Marcus", "Oona", "Ravi")

CATALOGUE = {
    "Coffee": (("Café crème beans 1 kg", 3490), ("Décaf beans 500 g", 2150), ("Pods x 30", 1890)),
    "Tea": (("Earl Grey tin", 1450), ("Rooibos 100 g", 990), ("Maté gift set", 4200)),
    "Machines": (("Espresso machine", 64900), ("Grinder", 18900), ("Milk frother", 7950)),
    "Kitchen": (("Crème brûlée set", 5490), ("Moka pot", 4590), ("Teapot 1 l", 3995)),
    "Cups": (("Cup 200 ml", 1295), ("Travel mug", 2990), ("Saucer", 650), ("Glass 300 ml", 895)),
    "Pantry": (("Jalapeño jam", 850), ("Müsli 750 g", 1190), ("Dark chocolate", 620)),
    "Care": (("Descaler", 1650), ("Filter x 4", 2450), ("Brush", 790), ("Cleaning tabs", 1380)),
}

TOPICS = {
    "delivery": ("Parcel has not arrived", "my parcel was due last week and is still not here"),
    "refund": ("Refund for a returned item", "I sent the item back and see no refund yet"),
    "defect": ("Machine stopped working", "the machine leaks and no longer heats up"),
    "billing": ("Charged twice", "my card was charged twice for one order"),
    "account": ("Cannot log in", "the app refuses my password since the update"),
    "advice": ("Question about a product", "which filter fits my machine"),
}
REPLIES = (
    "Thank you for telling us. I am looking into it.",
    "Could you please send us the order number and a photo?",
    "I have passed this on to my colleagues, who will be in touch.",
    "This is done now. Please tell us if anything is still open.",
)

PRAISE, NEUTRAL, COMPLAINT = "praise", "neutral", "complaint"
SAYINGS = {
    ("en", PRAISE): (
        "Love the {item}, it arrived quickly and works perfectly.",
        "Friendly staff in the store, they helped me choose the {item}.",
        "Great service, {agent} solved it on the first call. Thank you!",
        "Best {item} I ever bought. I recommend you to all my friends.",
        "Easy to order, easy to return, always helpful.",
    ),
    ("en", NEUTRAL): (
        "The {item} is okay, nothing special.",
        "Delivery took a few days, about as expected.",
        "Fine overall; the app could be simpler.",
        "Good {item} but a bit expensive.",
    ),
    ("en", COMPLAINT): (
        "The {item} broke after a week and nobody answers my messages.",
        "I had to explain the same problem to three different people.",
        "Still waiting for my refund. Very disappointed.",
        "Rude answer from support and the {item} is still faulty.",
        "Terrible delivery, the {item} came late and damaged. I will buy elsewhere.",
    ),
    ("fr", PRAISE): (
        "Très content, livraison rapide et {item} parfait.",
        "Excellent service, merci !",
    ),
    ("fr", NEUTRAL): ("Correct, sans plus.", "Le produit {item} est un peu cher."),
    ("fr", COMPLAINT): (
        "Produit {item} cassé, aucune réponse du service.",
        "Très déçu, trop lent.",
    ),
    ("de", PRAISE): ("Sehr zufrieden, {item} kam schnell an.", "Toller Service, gerne wieder!"),
    ("de", NEUTRAL): ("Ganz in Ordnung, nichts Besonderes.", "{item} ist etwas teuer."),
    ("de", COMPLAINT): (
        "{item} defekt und niemand antwortet.",
        "Sehr enttäuscht, viel zu langsam.",
    ),
}
ASIDES = (
    "",
    "",
    "",
    " Ordered twice this year.",
    ' My neighbour said "try the other shop".',
    "\nPlease call me after 5 pm.",
    " Bought in store; paid by card.",
)
