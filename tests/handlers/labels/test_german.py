"""Text that is not English: German by patterns, of all other languages questions alone, and never by a model."""

import pytest
from needlework.benchmarks.quality.labels import labels_of
from needlework.handlers.labels.rules import plain
from needlework.handlers.text.language import language

CANCELLED = "Hiermit kündigen wir unseren Vertrag zum Jahresende."


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (CANCELLED, "de"),
        ("Der Export läuft seit Montag nicht mehr.", "de"),
        ("Nous ne pouvons pas nous connecter avec votre application.", "other"),
        ("No podemos entrar, pero está todo bien para los otros.", "other"),
        ("サーバーに接続できません。", "other"),
        ("We can't sign in since Monday.", "en"),
        ("Müller & Söhne renewed the contract.", "en"),
        ("Order 4711, Acme GmbH", "en"),
        ("", "en"),
    ],
)
def test_small_words_tell_the_language(said: str, expected: str) -> None:
    assert language(plain(said)) == expected


def test_a_cancellation_in_german_is_a_churn_risk_and_no_question() -> None:
    """It was labelled a question, and nothing else: the models of English sentences had judged it."""
    assert labels_of(CANCELLED) == {"churn_risk"}


def test_a_notice_period_is_no_cancellation() -> None:
    assert labels_of("Die Kündigungsfrist beträgt sechs Wochen.") == set()


def test_no_model_judges_other_languages() -> None:
    """Statements were questions and wishes, since models that know English saw nothing in them that they knew."""
    assert labels_of("Nous avons bien reçu votre facture, merci pour tout.") == set()
    assert labels_of("Wir sind heute im Büro und morgen bei der Messe.") == set()
    assert labels_of("Est-ce que vous êtes là ?") == {"question"}


def test_what_a_workspace_teaches_counts_in_every_language() -> None:
    from needlework.handlers.labels.analyser import Segment, analyse
    from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY, LabelRules

    definition = DEFAULTS_BY_KEY["praise"]
    taught = type(definition)(
        definition.key, definition.prompt, rules=LabelRules(phrases=("das passt wie * Handschuh",))
    )
    (found,) = analyse([Segment(None, "Das passt wie ein guter Handschuh.")], [taught])
    assert found.present
