"""Language: told where the text tells, unknown where it does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.text.language import identify, read_as
from hub.text.stopwords import STOP_WORDS
from hub.text.tokens import tokenise

SENTENCES = {
    "en": [
        "The parcel was left at the wrong door and nobody has answered my email",
        "I would like to know when you are open on the holidays",
        "It works well but the manual is hard to read",
        "They were very kind and helped us with everything",
    ],
    "de": [
        "Das Paket ist beschädigt und ich möchte mein Geld zurück",
        "Leider hat sich niemand bei mir gemeldet",
        "Die Lieferung war sehr schnell und der Service ist gut",
        "Ich warte schon seit zwei Wochen auf eine Antwort",
    ],
    "fr": [
        "Le colis est arrivé en retard et la boîte était ouverte",
        "Je n'ai pas reçu de réponse à mon message",
        "Très bon produit, je suis satisfait de mon achat",
        "Le vendeur a été très aimable avec nous",
    ],
    "es": [
        "El paquete llegó roto y nadie me contesta",
        "No estoy contento con el servicio de la tienda",
        "Muy buena calidad y el envío fue rápido para mi ciudad",
        "Quiero saber cuándo está disponible el producto",
    ],
    "it": [
        "Il pacco è arrivato in ritardo e non funziona",
        "Non ho ancora ricevuto una risposta dal servizio",
        "La qualità è molto buona e sono soddisfatto del prodotto",
        "Vorrei sapere quando arriva il mio ordine",
    ],
    "nl": [
        "Het pakket is nog niet aangekomen en ik krijg geen antwoord",
        "De medewerker was erg vriendelijk en heeft ons goed geholpen",
        "Ik ben niet tevreden met de kwaliteit van dit product",
        "Wanneer wordt mijn bestelling bezorgd en hoe kan ik die volgen",
    ],
    "pt": [
        "O produto chegou com defeito e não recebi uma resposta",
        "Estou muito satisfeito com a minha compra",
        "A entrega foi antes do prazo e o vendedor é ótimo",
        "Não recomendo esta loja para ninguém",
    ],
}


@pytest.mark.parametrize("language", SENTENCES)
def test_sentences_are_told(language):
    """Whole sentences of the seven languages, each told right or, once, not told."""
    told = [identify(tokenise(sentence)) for sentence in SENTENCES[language]]

    assert set(told) <= {language, "unknown"}
    assert told.count(language) >= 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Refund pls",
        "ok",
        "super",
        "12345 !!",
        "Twój produkt jest bardzo dobry",
        "とても良い商品です",
    ],
    ids=["empty", "two words", "one word", "a word of many", "no word", "Polish", "Japanese"],
)
def test_what_cannot_be_told_is_unknown(text):
    """General detectors answer Danish, German or worse; the hub says that it does not know."""
    assert identify(tokenise(text)) == "unknown"


@settings(max_examples=30)
@given(st.lists(st.sampled_from(sorted(STOP_WORDS["de"])), max_size=12), st.randoms())
def test_the_order_of_words_does_not_matter(words, rng):
    """The answer rests on counts alone, so it is the same every time."""
    shuffled = rng.sample(words, len(words))

    assert identify(tokenise(" ".join(shuffled))) == identify(tokenise(" ".join(words)))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Great product", "en"),
        ("とても良い", "unknown"),
        ("Twój produkt jest naprawdę bardzo dobry, dziękuję wam serdecznie", "unknown"),
        ("Das ist nicht das, was ich bestellt habe", "de"),
    ],
    ids=["short", "another script", "long and unknown", "told"],
)
def test_only_a_short_text_is_read_in_the_assumed_language(text, language):
    """What is long and still unknown is in a language that the hub cannot read."""
    tokens = tokenise(text)

    assert read_as(tokens, identify(tokens), "en") == language
