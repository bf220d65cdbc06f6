"""Verbs that begin an order, and capitalised words that are nobody's name."""

_ORDERS = """
    accept add adjust advise agree align allow amend analyse analyze announce answer apply appoint approve archive
    arrange ask assess assign attach attend audit avoid back backup bill block book brief bring broadcast build bump
    bundle buy calculate call cancel cater change charge chase check choose circulate clarify clean clear close
    collect come comment communicate compare compile complete compose configure confirm connect consider consult
    contact continue convert coordinate copy correct count countersign cover create credit crop cross-check cut
    deactivate debug decide define delete deliver demo demonstrate deploy describe design determine develop dig
    disable disconnect discuss dispatch distribute do document double-check download draft drop duplicate edit email
    enable enrol enroll ensure enter escalate estimate evaluate examine exchange execute expand expedite explain
    explore export extend fax fetch file fill finalise finalize find finish fix flag follow format formulate forward
    free gather generate get give go grant hand handle help hire hold host identify implement import improve include
    increase inform initiate insert inspect install integrate introduce investigate invite invoice issue itemise
    itemize join keep label launch lay lead learn leave lend let link list listen load locate log look loop mail
    maintain make manage map mark measure meet mention merge message migrate mirror modify monitor move negotiate
    note notify nudge obtain offer open order organise organize outline overhaul pack pass paste patch pay pencil
    perform phone pick ping pitch place plan poll post postpone prep prepare present print prioritise prioritize
    proceed process produce proofread propose provide provision publish pull purchase push put quote raise rank
    reach read rearrange rebook reboot recalculate receive recheck recommend reconcile reconsider record recruit
    redact redeploy redesign redo reduce refactor refer refresh refund regenerate register reject release remind
    remove rename renew reopen repair repeat rephrase replace reply report request reschedule research resend
    reserve reset resolve respond restart restore resubmit resume retry return revert review revise rewrite ring
    roll rollback rotate run save scan schedule search secure see select send set settle setup share ship show sign
    simplify sketch sort speak specify spend spin split sponsor staff start stop store study submit subscribe
    suggest summarise summarize supply support suspend swap switch sync synchronise synchronize tag take talk tell
    test text think tidy trace track train transcribe transfer translate transmit treat triage trial trim try turn
    tweak type unblock understand undo uninstall unlock unpack unsubscribe update upgrade upload use validate verify
    visit wait wake warn watch whitelist wipe wire work wrap write zip
    """
_OTHERS = """
    Did Do Does Are Is Was Were Have Has Had Am Should Shall Must Might
    A Able Access According Action Actions Actual Actually Address Again All Alright Also Amazon America And Answer
    Any Anybody Anyone Apparently Apple April As Asia Asked At Attached Attention August Australia Available Back
    Background Basically Because Berlin Best Both Boy Britain Bug But Can Canada Caution Certainly Chair Chairman
    Changes China Clients Close Closer Cloud Comment Companies Conclusion Congratulations Consequently Context Could
    Critical Customer Customers Dad Date Day Days Deadline Dear December Decision Dedicated Delighted Delivery
    Department Deploy Description Design Designed Details Developers Devices Dinner Doc Docs Doors Due Each Easy
    Either Else Email Employees Engineering Enough Error Europe Events Everybody Everyone Everything Exactly Example
    Excited Expected Facebook Failure Feature February Files Final Finally Finance Five Fix Folks Food For Four
    France Frankly Free Friday Friends From Full Further Furthermore Future Gentlemen Gents Germany Get Github
    Gitlab Glad Goal Going Good Google Government Great Guests Guys Hamburg Happy Hard Hardware He Hello Help Hence
    Here Hey Hi Hint Hmm Honestly Honored Hoped Hopefully Hoping Hotel House How However Hurry I If Important In
    India Info Internet Invoice Invoices Issue It Item Items Its January Japan July June Just Keen Ladies Last Later
    Legal Let Likely Likewise Link Little Location London Looking Lots Luckily Lunch Madam Madrid Mail Maintenance
    Management Many March Marketing May Maybe Meant Meanwhile Meeting Meetings Members Message Messages Microsoft
    Minister Minutes Mister Monday More Moreover Most Mum Munich Municipalities My Names Nearly Need Needed Neither
    Never New News Next Nice No Nobody Non Nor Not Note Nothing Notice November Now Number Observed Obviously
    October Of Office Oh Ok Okay On Once One Ones Only Operations Or Orders Other Others Otherwise Our Owner Owners
    Page Pages Paper Parents Paris Part Participants Parties Partners Password Payment Payments People Perhaps
    Please Pleased Policy President Press Prices Pricing Priority Probably Problem Product Products Profits Projects
    Proud Provinces Public Purchaser Question Quick Re Ready Really Reason Recently Regards Registration Release
    Remark Remember Reminder Renewal Report Reported Reports Request Rest Result Results Right Rome Room Rules Sales
    Same Saturday Schedule School Section Security September Seriously Service Services Several Shareholders She
    Shipping Similar Simply Sir Site Slack So Software Solution Some Somebody Someone Something Soon Sorry Source
    Speaker Staff Stakeholders Status Step Steps Still Stocks Students Subject Subscribers Such Summary Sunday
    Supplier Support Sure System Systems Talks Task Team Technology Thank Thanks That The Their Then There
    Thereafter Therefore These They Things This Those Three Thrilled Thursday Thus Tickets Time Tip Title To Today
    Tokyo Tomorrow Tonight Topic Total Traders Training Trains Travel Tried Trouble Try Tuesday Twitter Two Type Uh
    Um Under Unfortunately Units University Unlikely Until Update Updates Upon Urgent Used Useful Users Vendor
    Version Versions Very Vienna Visitors Voters Want Wanted Warning We Weather Website Wednesday Welcome Well What
    Whatever When Where Whether Which While Who Whoever Whom Whose Why Winners With Workers Works Would Yeah Yep Yes
    You Your Zoom
    """
VERBS = frozenset(_ORDERS.split())
"""In their base form."""
NO_NAMES = frozenset(_OTHERS.split())
"""First words of sentences, and words of the calendar."""
_GERUNDS = {
    form: verb
    for verb in VERBS
    for form in (f"{verb.removesuffix('e') if not verb.endswith('ee') else verb}ing", f"{verb}{verb[-1]}ing")
}


def base_of(gerund: str) -> str | None:
    """ "share" for "sharing"; None for what is no verb of ours."""
    return _GERUNDS.get(gerund.lower())
