"""Holds the last parts of the names of web sites by which phones, and we, tell a name from a sentence."""

from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


PLAIN: Final = _set(
    """
    app biz com dev edu gov info mil net org realtor
    """
)
"""No sentence goes on with one of these after a forgotten space: a bare name is a link even without a path."""

GENERIC: Final = _set(
    """
    agency apartments auction bank best blog build builders business cafe care casa center club community
    company condos construction contact contractors coop coupons deals design digital direct directory email
    energy enterprises estate events expert fans finance financial fit forsale fun fund gallery gifts global
    group guide guru haus health help holdings holiday homes hospital host house immo insure international
    investments land lease legal life limited link live loan loans ltd management market marketing media mobi
    money mortgage name network news ninja one online page partners photo photos plus press pro productions
    properties property realestate realty rent rentals repair report rest review reviews rocks sale school
    select services shop show site social software solutions space store studio supply support systems team tech
    tips today tools top tours town travel university vacations ventures video villas vip vote watch website
    wiki win work works world xyz zone
    """
)
"""Those of IANA's list that people use and that are words too."""

COUNTRIES: Final = _set(
    """
    ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca
    cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo
    fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je
    jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo
    mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt
    pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk
    tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
    """
)
"""ISO 3166, as IANA delegates them, and eu, uk, su, ac."""
