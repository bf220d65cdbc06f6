"""What patterns say of a sentence in German: the plainest ways to say it, each as such.

No model reads German here: what these patterns do not know is not told. They read what `rules.plain` makes of a
sentence; each gap is bounded.
"""

_CONTRACT = (
    r"(?:vertr[aä]g\w*|abo\w*|abonnements?|mitgliedschaft|lizenz\w*|zusammenarbeit|account|konto|dienst|service|tarif)"
)
_BROKEN = (
    r"(?:funktionier\w+|geht|gehen|läuft|laufen|lädt|laden|startet|öffnet|speichert|klappt|reagiert|synchronisier\w+|"
    r"antwortet|erscheint|erscheinen|ankommen|kommt an|kommen an)"
)

STRONG: dict[str, tuple[str, ...]] = {
    "action_items": (
        r"^\W{0,4}bitte \w|\b(?:könn(?:t|te)en|könnt|würden|kannst|könntest) (?:sie|ihr|du) (?:\w+ ){0,3}bitte\b|"
        r"\b(?:schicken|senden|geben|prüfen|melden|rufen|teilen|sagen|bestätigen|ändern|löschen|setzen) sie (?:\w+ "
        r"){0,3}bitte\b|\bkönn(?:t|te)?en sie (?:mir|uns|das|die|den|unser\w*|mein\w*)\b|^\W{0,4}(?:todo|aufgabe)\s?:",
    ),
    "task_issue_bug": (
        rf"\b{_BROKEN}\b(?: \S+){{0,7}} nicht\b(?! nur)|\bnicht (?:mehr )?{_BROKEN}\b",
        r"\b(?:stürzt|stürzen|hängt sich)\b.{0,80}\b(?:ab|auf)\b|\babst(?:urz|ürze)\b|\babgestürzt\b|\beingefroren\b",
        r"\bschl(?:ägt|agen|ug)\b.{0,100}\bfehl\b|\bfehlgeschlagen\b|\bfehlermeldung\w*|\b(?:kommt|zeigt|bringt|"
        r"erscheint|gibt|wirft) (?:\w+ ){0,3}(?:fehler|[45]\d\d)\b|\b(?:ist|sind|bleibt) (?:\w+ ){0,3}(?:kaputt|"
        r"defekt|leer|weg|verschwunden)\b",
        r"\b(?:doppelt|zweimal|zwei mal|zu viel|falsch) (?:\w+ ){0,4}(?:abgebucht|berechnet|belastet|verrechnet|"
        r"bezahlt)\b",
        r"\b(?:kann|können|konnte|konnten) (?:\S+ ){0,5}(?:nicht|nichts|niemand) (?:\S+ ){0,4}(?:einloggen|anmelden|"
        r"öffnen|speichern|exportieren|importieren|hochladen|herunterladen|drucken|zugreifen|löschen|sehen)\b",
        r"\b(?:fehlen|fehlt) (?:\S+ ){0,3}(?:daten|zeilen|einträge|bestellungen|kontakte|nachrichten|rechnungen)\b",
    ),
    "feature_request": (
        r"\b(?:wäre|fände ich|fänden wir) (?:es )?(?:\w+ ){0,2}(?:schön|gut|toll|super|hilfreich|praktisch|nützlich|"
        r"klasse)\b(?:,? wenn\b|.{0,100}\bkönnte)",
        r"\b(?:wünschen|wünsche) (?:wir |ich )?(?:uns|mir)\b|\bfunktionswunsch\b|\b(?:uns|mir) fehlt (?:noch "
        r")?(?:eine?|die|der|das)\b|\bkönnten sie (?:\w+ ){0,4}(?:einbauen|ergänzen|hinzufügen|unterstützen)\b",
    ),
    "question": (r"\w[^\w?]{0,3}\?+(?:[\s)\"'!]|$)",),
    "churn_risk": (
        r"\b(?:kündige|kündigen|gekündigt|zu kündigen)\b|\bkündigung(?!s?frist)\b",
        rf"\b{_CONTRACT} (?:\S+ ){{0,4}}(?:nicht (?:mehr )?(?:verlängern|weiterführen|fortsetzen|fortführen)|beenden|"
        rf"auslaufen|auflösen)\b|\bnicht (?:mehr )?(?:verlängern|verlängert)\b",
        r"\b(?:wechseln|wechsle|gehen|umsteigen|umziehen)\b.{0,60}\b(?:anbieter|konkurrenz|wettbewerb\w*|anderen?)\b|"
        r"\b(?:anbieter|zu (?:einem|einer) anderen?|zur konkurrenz)\b.{0,60}\b(?:wechseln|gehen|umsteigen|umzuziehen|"
        r"zu gehen)\b|\bnach alternativen (?:\w+ ){0,2}(?:um|suchen|schauen|sehen)",
    ),
    "praise": (
        r"\b(?:großartig|hervorragend|fantastisch|ausgezeichnet|begeistert|wunderbar|genial|klasse arbeit|tolle arbeit|"
        r"super (?:arbeit|support|service|tool|produkt)|spitze|sehr zufrieden|gefällt (?:mir|uns) (?:sehr|richtig)|"
        r"ein lob)\w*",
    ),
    "decision": (
        r"\b(?:haben|hat|wurde|sind uns|habe) (?:\S+ ){0,6}(?:beschlossen|entschieden|geeinigt|vereinbart|"
        r"festgelegt)\b|\b(?:beschlossen|entschieden|vereinbart) (?:wurde|haben wir)\b|\bes bleibt bei\b|^\W{0,3}wir "
        r"nehmen (?:variante|option|angebot|vorschlag)\b|\bbeschluss\s?:",
    ),
    "pricing_objection": (
        r"\b(?:zu|viel zu|sehr|deutlich zu) teuer\b|\b(?:preis\w*|kosten|gebühr\w*|rechnung|tarif)\b.{0,60}\b(?:zu "
        r"hoch|überhöht|nicht (?:leisten|bezahlen|tragen|akzeptieren)|unverschämt)\b|\bkein budget\b|\b(?:rabatt|"
        r"nachlass)\b|\bnicht (?:mehr )?leisten\b|\bsprengt (?:\w+ ){0,3}(?:budget|rahmen)\b",
    ),
    "competitor_mention": (
        r"\b(?:konkurrenz|mitbewerber\w*|wettbewerber\w*|konkurrent\w*|konkurrenzprodukt\w*)\b|"
        r"\b(?:anderen?|anderer) (?:anbieter\w*|hersteller\w*|lösung|tool|produkt)\b",
    ),
    "escalation": (
        r"\b(?:inakzeptabel|unakzeptabel|unzumutbar|eine frechheit|unverschämtheit)\b|\b(?:beschwerde|beschweren|"
        r"eskalier\w+)\b|\b(?:mit|an|von) (?:ihre[mnr]?|de[mnr]|einem) (?:vorgesetzten?|chef|leiter|leitung|"
        r"geschäftsführung|geschäftsführer|manager)\b|\b(?:anwalt|anwälte|rechtliche schritte|rechtsabteilung)\b|"
        r"\bgeduld\b.{0,30}\b(?:ende|erschöpft|verlieren|verloren)\b",
    ),
    "expansion_signal": (
        r"\b(?:brauchen|benötigen|bestellen|kaufen|hätten gern|möchten|buchen) (?:\S+ ){0,4}(?:weitere|zusätzliche|"
        r"mehr) (?:\S+ )?(?:lizenz\w*|plätze|nutzer\w*|zugänge|user|benutzer\w*|arbeitsplätze)\b|\b(?:lizenzen|plätze|"
        r"nutzer|zugänge|benutzer) (?:mehr|dazu|zusätzlich|hinzufügen|nachbestellen)\b|\b(?:büro|team|abteilung|"
        r"standort|filiale|niederlassung)\b.{0,60}\b(?:auch|ebenfalls)\b.{0,40}\b(?:nutzen|einsetzen|verwenden|"
        r"arbeiten|haben)\b|\bauf (?:den|die|das) (?:größere\w*|nächste\w*|pro|premium|business|"
        r"enterprise)\b.{0,40}\b(?:wechseln|upgraden|umsteigen)\b",
    ),
    "follow_up_promised": (
        r"\b(?:ich|wir) (?:melde|melden|kümmere|kümmern) (?:mich|uns)\b|\b(?:ich|wir) (?:schicke|schicken|sende|"
        r"senden|rufe|rufen|prüfe|prüfen|kläre|klären|gebe|geben|informiere\w*) (?:sie|ihnen|dir|euch|das|es|den|die|"
        r"ihr\w*|dich)\b|\b(?:ich|wir) (?:werde|werden) (?:\S+ ){0,6}(?:melden|schicken|senden|prüfen|klären|anrufen|"
        r"informieren|nachfragen|kümmern)\b",
    ),
}

NEVER: dict[str, tuple[str, ...]] = {
    "churn_risk": (
        r"\bkündigungsfrist\b|\b(?:nicht|nie|niemals) (?:kündigen|wechseln)\b|\b(?:können|kannst|dürfen) (?:sie|du|"
        r"ihr) .{0,60}\bkündigen\b|\b(?:mitarbeiter\w*|kolleg\w+|job|stelle|wohnung)\b.{0,40}\b(?:kündig|gekündigt)",
    ),
    "task_issue_bug": (r"\b(?:kein|keine|ohne) (?:fehler|probleme?|störung)\b", r"\bnicht mehr (?:auf|vor)getreten\b"),
    "praise": (r"\b(?:nicht|kaum|alles andere als) (?:\w+ )?(?:großartig|begeistert|zufrieden|hervorragend)\b",),
    "pricing_objection": (r"\bnicht (?:zu )?teuer\b",),
    "escalation": (r"\b(?:kein|keine) (?:grund zur )?beschwerden?\b",),
}
