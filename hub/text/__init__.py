"""What customers write, read on this machine: sentiment, topics, entities, emotions.

    language → sentiment (lexicon, or a model of the business's own answers) → annotation

Nothing here calls out, downloads, or keeps a customer's words: a trained model is coefficients of
hashed word pairs, and a result says by which method it was found and where in the text it rests.
"""
