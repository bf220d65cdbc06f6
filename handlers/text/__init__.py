"""Language tools that any handler group may use: the encoder, sentences, features, models."""
