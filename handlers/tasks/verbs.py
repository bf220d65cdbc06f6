"""Words that begin an order, and capitalised words that are nobody's name."""

_ORDERS = """
    accept add adjust advise agree align allow announce answer apply appoint approve arrange ask assess assign attach
    attend avoid back backup bill block book bring broadcast build bump buy calculate call cancel change charge chase
    check choose clarify clean clear close collect come comment communicate compare compile complete confirm connect
    consider contact continue convert coordinate copy correct count cover create credit cut deactivate debug decide
    define delete deliver demo deploy describe design determine develop disable discuss distribute do document download
    draft drop edit email enable ensure enter escalate estimate evaluate examine exchange execute expand explain explore
    export extend file fill finalise finalize find finish fix follow forward gather generate get give go grant handle
    help hire hold identify implement import improve include increase inform initiate insert inspect install integrate
    introduce investigate invite invoice issue join keep launch learn leave let link list listen load locate log look
    mail maintain make manage mark measure meet mention merge message migrate modify monitor move negotiate note notify
    obtain offer open order organise organize outline pass pay perform phone pick ping place plan post postpone prepare
    present print prioritise prioritize proceed process produce propose provide publish pull purchase push put raise
    reach read rebook reboot recalculate receive recommend reconsider record redeploy reduce refer refund refresh
    register reject release remind remove rename renew reopen repair repeat replace reply report request research
    reschedule reserve reset resend resolve respond restart restore retry return review revise rewrite rollback run save
    scan schedule search secure see select send set settle setup share ship show sign simplify sort specify speak
    spend split start stop store study submit subscribe suggest summarise summarize supply support suspend switch sync
    synchronise synchronize take talk tell test text think track train transfer translate transmit treat triage try turn
    understand unblock undo uninstall unlock unsubscribe update upgrade upload use validate verify visit wait wake warn
    watch work write zip
    """
_OTHERS = """
    A Also All And Any Anybody Anyone As At Because But Can Could Customers Dear Everybody Everyone For From Good Great
    He Hello Hey Hi However How I If In It Its Let Management Marketing Maybe Meanwhile My New Next No Nobody Not Now
    Of Ok Okay On Once One Or Our Perhaps Please Re Sales She So Somebody Someone Sorry Sure Thank Thanks That The Their
    Actual Address Answer Attention Background Bug Caution Comment Conclusion Context Customer Date Decision Description
    Details Due Engineering Error Example Expected Feature Finance Fix From Goal Going Hint How Hurry Important Info
    Issue Item Legal Link Location Message Need News Note Notice Number Observed Operations Owner Part Priority Problem
    Product Question Reason Regards Remark Reminder Reported Result Results Solution Source Status Step Steps Subject
    Summary Task Team Tip Title Topic Total Try Type Update Urgent Used Version Want Warning Where
    Then There These They This Those To Today Tomorrow Tonight Until We Well What When Where Which While Who Why With
    Would Yes You Your Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June
    July August September October November December
    """
VERBS = frozenset(_ORDERS.split())
"""In their base form."""
NO_NAMES = frozenset(_OTHERS.split())
"""First words of sentences, and words of the calendar."""
SMALL_WORDS = "the a an to of for please me us you your our my his her their it this that with and on in at"
"""What two titles may differ in and be the same task."""
