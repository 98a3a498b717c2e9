"""Holds the phrases by which people ask to be left alone, in English and Spanish, as patterns over folded words.

Each pattern reads `domain.folding.Folded.words`: lower case, no accents, no apostrophes, `|` and `,` where clauses end.
Nothing is decided here; `domain.wording` weighs what matches.
"""

import re
from dataclasses import dataclass
from typing import Final

STOP_WORDS: Final = r"(?:stop|quit|cease|discontinue)"
TEXT_VERB: Final = (
    r"(?:text|txt|tex|messag|messeg|msg|contact|bother|harass|pester|spam|sms|annoy|bug|hound|writ|dm|solicit)"
)
TEXTING: Final = rf"(?:{TEXT_VERB}(?:ing|in|e|t?ing)?)"
CALLING: Final = r"(?:call|phon|ring)(?:ing|in)?"
ME: Final = r"(?:me|us|my (?:phone|number|cell|cellphone|mobile)|this (?:number|phone|cell|line))"
TEXTS: Final = (
    r"(?:texts?|txts?|messages?|msgs?|sms|spam|solicitations?|promos?|"
    r"promotions?|advertis\w+|notifications?|bs|crap|junk|bullshit)"
)
CALLS: Final = r"(?:calls?|calling)"
LISTS: Final = (
    r"(?:lists?|database|data base|system|texts?|messages?|msgs?|contacts?|campaigns?|records|phone|phones|crm|"
    r"mailing|mailings|marketing|subscription|calls?|sms|service|spam|thread|chat)"
)
END: Final = r"(?= [|,])"
LATER: Final = r"(?: (?:again|anymore|any more|ever|no more|please|pls|plz|thanks|thank you|now|immediately|asap))*"


@dataclass(frozen=True, slots=True)
class Phrase:
    """`pattern` matches only where a word begins with one of `heads` (four letters at most), and one with `also`."""

    pattern: re.Pattern[str]
    heads: frozenset[str]
    also: frozenset[str]


def _on(pattern: str, heads: str, also: str = "") -> Phrase:
    return Phrase(re.compile(pattern), frozenset(heads.split()), frozenset(also.split()))


PLAIN: Final = (
    _on(rf"\b{STOP_WORDS} (?:the )?(?:fucking )?{TEXTING} (?:to )?{ME}\b", "stop quit ceas disc"),
    _on(
        rf"\b{STOP_WORDS} (?:texting|txting|messaging|messeging|contacting|bothering|harassing|pestering|spamming|"
        r"soliciting|"
        rf"sending)(?: (?:and|or) (?:calling|texting|messaging|emailing))?{LATER}{END}",
        "stop quit ceas disc",
    ),
    _on(rf"\b{STOP_WORDS} {CALLING} (?:and|or) (?:texting|messaging)(?: {ME})?\b", "stop quit ceas disc"),
    _on(
        rf"\b{STOP_WORDS} (?:(?:all|the|these|this|your|any|those|with|sending|sendin|getting|receiving|me|us|"
        r"fucking|damn|stupid|"
        rf"annoying|unwanted|of|more|automated|marketing) )*{TEXTS}\b",
        "stop quit ceas disc",
    ),
    _on(
        rf"\b{STOP_WORDS} sending (?:me |us )?(?:these|this|stuff|things|anything|shit|everything){END}",
        "stop quit ceas disc",
    ),
    _on(rf"\b{STOP_WORDS} everything{END}", "stop quit ceas disc"),
    _on(
        r"\b(?:i (?:said|say)|i told (?:you|u|yall)(?: to)?|i asked (?:you|u|yall)(?: guys)? to|(?:i )?(?:want|"
        r"need|would like) "
        rf"(?:you|u|this|it|these|them) to) (?:please )?stop{LATER}{END}",
        "stop",
    ),
    _on(
        r"\b(?:dont|do not|never|dnt|donot) (?:you )?(?:ever )?(?:call or )?(?:text|txt|message|msg|contact|bother|"
        r"write|spam|sms|solicit|"
        rf"harass|dm) (?:or (?:call|text|message|email) )?{ME}\b",
        "dont do neve dnt dono",
        also="text txt txti mess msg cont both writ spam sms soli hara dm",
    ),
    _on(
        rf"\b(?:dont|do not|never|dnt|donot) (?:ever )?(?:text|txt|message|msg|contact|write|spam|solicit)"
        rf"(?: or (?:call|text|message|email))?{LATER}{END}",
        "dont do neve dnt dono",
        also="text txt txti mess msg cont both writ spam sms soli hara dm",
    ),
    _on(
        r"\b(?:dont|do not|doesnt|never|no longer|not) (?:want|wanna|wish|need|care|like|agree|consent)(?: (?:to|"
        r"for))?"
        r"(?: (?:get|receive|recieve|have|be getting|be receiving))?(?: (?:any|anymore|any more|more|your|these|"
        r"the|further|ur))* "
        rf"{TEXTS}\b",
        "dont do does neve no not",
        also="want wann wish need care like agre cons",
    ),
    _on(
        r"\b(?:dont|do not|no longer) (?:want|wanna|wish|care)(?: (?:you|u|yall))?(?: to)? (?:be )?"
        r"(?:contact|contacted|text|texted|messag|message|messaged|bothered|hear from (?:you|u|yall))(?: (?:me|"
        r"us))?\b",
        "dont do no",
        also="want wann wish care",
    ),
    _on(rf"\bno more (?:\w+ )?{TEXTS}\b", "no", also="more"),
    _on(r"\b(?:no more|do not|dont) contact(?: (?:me|us))?" + END, "no do dont", also="cont"),
    _on(
        r"\b(?:remove|delete|unlist|erase|scrub|exclude|drop) (?:me|us|my (?:number|name|info|information|contact|"
        r"contact info|"
        r"phone|phone number|cell|cell number|data)|this (?:number|phone|phone number)|our number)(?: and \w+(?: "
        r"\w+)?)?"
        rf"(?:{LATER}{END}|(?: now| please)* (?:from|off|off of|out of|of) (?:(?:your|the|this|ur|all|any|these|"
        r"that|ur) )?"
        rf"(?:\w+ ){{0,3}}{LISTS}\b|(?: now| please)* from (?:this|here|everything|it all){END})",
        "remo dele unli eras scru excl drop",
        also="me us my this our",
    ),
    _on(
        r"\b(?:take|get|pull|drop|cut|keep) (?:me|us|my (?:name|number|phone number)|this (?:number|phone "
        r"number))(?: (?:the hell|tf))? "
        rf"(?:off|out)(?: of)?(?:{LATER}{END}| (?:(?:your|the|this|ur|all|any|these|that) )?(?:(?!\w+day)\w+ "
        rf"){{0,3}}{LISTS}{END})",
        "take get pull drop cut keep",
        also="off out",
    ),
    _on(rf"\b(?:take|remove|delete) off my (?:number|name){LATER}{END}", "take remo dele", also="off"),
    _on(
        r"\b(?:lose|forget|erase|delete) (?:my|this) (?:number|contact|phone number|"
        r"digits)\b",
        "lose forg eras dele",
    ),
    _on(
        rf"\bunsubscribe(?:{LATER}{END}| (?:me|us|now|please|my|this|immediately|from (?:your|this|these|all|the|"
        r"everything|u|you|here|texts?))\b)",
        "unsu",
    ),
    _on(r"\bopt (?:me|us|this number|my number)(?: the hell)? out\b", "opt", also="out"),
    _on(
        rf"\b(?:opt out|optout|opting out)(?:{LATER}{END}| (?:me|now|please)\b| (?:of|from) (?:(?:your|these|this|"
        r"the|all|any|future|"
        rf"further|ur|getting|receiving|more) )*(?:{TEXTS}|list|lists|everything|it all|communications?|contact|"
        r"program)\b)",
        "opt opto opti",
    ),
    _on(
        r"\b(?:revoke|revoking|withdraw|withdrawing|rescind|rescinding|cancel) (?:my |all |any )*consent\b",
        "revo with resc canc",
        also="cons",
    ),
    _on(
        r"\b(?:do not|dont|never|no longer) (?:have|give you|gave you|had) (?:my )?(?:consent|permission) to "
        r"(?:text|contact|message)\b",
        "dont do neve no",
        also="cons perm",
    ),
    _on(
        r"\b(?:cancel|end|stop) (?:(?:my|the|these|this|all|your|of) )*(?:texts?|messages?|subscription|sms|alerts|"
        r"txts?|msgs?|"
        rf"text messages){LATER}{END}",
        "canc end stop",
        also="text txt txts mess msg msgs sms aler subs",
    ),
    _on(r"\bleave (?:me|us) (?:the (?:hell|fuck|f) )?(?:alone|tf alone)\b", "leav", also="alon"),
    _on(r"\bcease and desist\b", "ceas", also="desi"),
    _on(
        r"\bno (?:me|nos) (?:vuelvan? a |vuelvas a )?(?:escriban?|escribas|escribir|manden?|mandes|mandar|envien?|"
        r"envies|enviar|"
        r"contacten?|contactes|contactar|molesten?|molestes|molestar|texteen?|textees|textear|mensajeen?)"
        r"(?: (?:mas|nunca|ya|por favor|porfavor|nada|otra vez|de nuevo|mensajes?|textos?|sms|estos|sus|esos|a "
        r"este numero))*"
        rf"(?:{END}| (?:mensajes?|textos?)\b)",
        "no",
        also="me nos",
    ),
    _on(
        r"\b(?:dejen?|deja|dejar|deje|dejes|paren?|para|pare|basta|basta ya) (?:ya )?de (?:estar )?"
        r"(?:escrib|mand|envi|molest|contact|texte|mensaje|jod|ching|spam)\w*",
        "deje deja pare para bast",
        also="de",
    ),
    _on(
        r"\b(?:quiten|quite|quita|quitar|borren|borre|borra|borrar|eliminen|elimine|elimina|eliminar|saquen|saque|"
        r"saca|sacar|"
        rf"remuevan|remueva)(?:me|nos)(?: ya| por favor)*(?:{END}| de (?:la|su|sus|esta|tu|las|esa)(?: \w+)? "
        r"?(?:listas?|base)\b)",
        "quit borr elim saqu saca remu",
    ),
    _on(
        r"\b(?:quit|borr|elimin|saqu|sac|remuev)\w* mi (?:numero|nombre|telefono|contacto)\b",
        "quit borr elim saqu saca remu",
        also="mi",
    ),
    _on(
        r"\bno (?:quiero|deseo|necesito|queremos|deseamos) (?:recibir |que me (?:manden|envien) )?(?:mas |sus |tus "
        r"|estos |ningun |ningunos |"
        r"sus )*(?:mensajes?|textos?|sms|spam|publicidad|promociones)\b",
        "no",
        also="quie dese nece quer",
    ),
    _on(
        r"\bno (?:quiero|deseo|queremos) (?:ya )?(?:que )?(?:me|nos) (?:escrib|mand|envi|contact|molest|texte)\w*",
        "no",
        also="quie dese quer",
    ),
    _on(
        rf"\b(?:dar|den|deme|denme|darme|dame|denos)(?: me)? de baja(?: por favor| ya)*(?:{END}| de (?:la|su|sus|"
        r"esta) listas?\b)",
        "dar den deme denm darm dame deno",
        also="baja",
    ),
    _on(r"\b(?:cancel|anul)\w* (?:mi |la |mis |los |sus )*(?:suscripcion|mensajes|textos)\b", "canc anul"),
    _on(rf"\b(?:desuscrib|desinscrib|dessuscrib)\w*{END}", "desu desi dess"),
    _on(r"\bno mas (?:mensajes|textos|sms|spam|publicidad)\b", "no", also="mas"),
    _on(rf"(?<=[|,] )(?:ya )?no mas(?: (?:por favor|porfavor|ya|gracias))*{END}", "no", also="mas"),
)

# Calls are named, texts are not: a revocation, unless the person asks for texts instead.
CALLS_ONLY: Final = (
    _on(rf"\b{STOP_WORDS} {CALLING} (?:{ME}){LATER}{END}", "stop quit ceas disc"),
    _on(rf"\b{STOP_WORDS} calling{LATER}{END}", "stop quit ceas disc"),
    _on(rf"\b(?:dont|do not|never) (?:ever )?call (?:{ME}){LATER}{END}", "dont do neve", also="call"),
    _on(rf"\bno more (?:\w+ )?{CALLS}\b", "no", also="more"),
    _on(rf"\bno (?:me|nos) (?:llamen?|llames|llamar)(?: mas)?{END}", "no", also="me nos"),
    _on(r"\b(?:dejen?|deja|deje) de llamar(?:me|nos)\b", "deje deja", also="llam"),
)
UNCLEAR: Final = (
    _on(rf"\b{STOP_WORDS} (?:{TEXTING}|{CALLING}|emailing|sending)\b", "stop quit ceas disc"),
    _on(rf"\b(?:please|pls|plz|just|must|to) (?:just )?stop{END}", "stop"),
    _on(rf"\bstop (?:it|this|that|these|those|all this|all of this|doing this|doing that)(?: \w+)?{END}", "stop"),
    _on(r"\bstop (?:wasting|asking|trying|selling|pushing|reaching out|pretending)\b", "stop"),
    _on(r"\bdo not call (?:list|registry)\b", "call", also="list regi"),
    _on(r"\b(?:take|get) (?:me|my (?:name|number)|this number) off\b", "take get", also="off"),
    _on(
        r"\b(?:remove|delete) (?:me|my (?:number|name|info|information|contact)|this number)\b",
        "remo dele",
        also="me my this",
    ),
    _on(r"\b(?:unsubscrib\w+|unsubscribe|subscription)\b", "unsu subs"),
    _on(r"\b(?:opt out|opting out|optout|opted out)\b", "opt opti opto opte"),
    _on(
        r"\b(?:reply|text|send|type|say|txt|write|responda|envie|mande)(?:ing)? (?:with )?(?:stop|unsubscribe|alto|"
        r"parar)\b",
        "repl text send type say sayi typi txt writ resp envi mand",
        also="stop unsu alto para",
    ),
    _on(rf"\b(?:not?|no longer) interested{END}", "not no", also="inte"),
    _on(
        rf"\b(?:no longer|not|no) (?:in the market|looking)(?: (?:anymore|any more|now|right now))?{END}",
        "no not",
        also="mark look",
    ),
    _on(
        r"\b(?:harass|harassing|harassment|tcpa|dnc|spam|spammer|spammers|spamming)\b",
        "hara tcpa dnc spam",
    ),
    _on(r"\b(?:blocking|block|blocked) (?:you|u|this number|your number)\b", "bloc", also="you u this your"),
    _on(
        r"\b(?:reporting|report|reported) (?:you|u|this number|your number|this as|as spam|this to)\b",
        "repo",
        also="you u this your as",
    ),
    _on(
        rf"\b(?:fuck off|f off|piss off|go away|get lost|fuck you|go to hell|enough already|bug off){LATER}{END}",
        "off away lost fuck hell alre",
        also="fuck f piss go get enou bug",
    ),
    _on(
        r"\b(?:never|didnt|did not) (?:sign up|signed up|sign|ask|asked|subscribe|subscribed|opt in|opted in|agree|"
        r"agreed|consent)"
        r"(?: (?:for|to))? (?:this|these|your|be|get|texts?|messages?|any)\b",
        "neve didn did",
        also="sign ask aske subs opt opte agre cons",
    ),
    _on(rf"\bno more(?: (?:of )?(?:this|these|please|thanks|thank you|already))*{END}", "no", also="more"),
    _on(
        r"\b(?:dont|do not|never) (?:text|txt|message|msg|contact|bother|call|email)\b",
        "dont do neve",
        also="text txt mess msg cont both call emai",
    ),
    _on(
        rf"\b(?:please )?(?:cancel|end|quit|revoke|remove) (?:please|pls|this|it|everything|all){END}",
        "canc end quit revo remo",
    ),
    _on(
        r"\b(?:no (?:me|nos) (?:interesa|molest(?:en?|es|ar)|escrib(?:an?|as|ir)|contact(?:en?|es|ar)|mand(?:en?|"
        r"es|ar)|envi(?:en?|es|ar)|llam(?:en?|es|ar))|dejen? de|basta|ya basta|"
        r"(?:dejame|dejenme|dejeme) en paz|dar\w* de baja|denme de baja|deme de baja)\b",
        "no deja deje bast ya dar denm deme darm",
    ),
)

WRONG_NUMBER: Final = (
    _on(
        r"\bwrong (?:number|numbers|phone|phone number|person|guy|lady|man|woman|cell|num|no|contact|"
        r"recipient)\b(?! (?:of|for|in|on the)\b)|\b(?:sorry|hi|you have the|has the)?,? ?wrong(?= [|,])",
        "wron",
    ),
    _on(
        r"\b(?:nobody|no one|noone) (?:here )?(?:by|with|named|called)(?: (?:that|this|the))?\b",
        "nobo no noon",
        also="by with name call",
    ),
    _on(
        rf"\bthere(?:s| is) no (?!way|need|rush|problem|hurry|chance|longer|reason)\w+ (?:here|at this number){END}",
        "no",
        also="ther",
    ),
    _on(
        r"\b(?:not|isnt|no longer) (?:his|her|their) (?:number|phone|cell)(?: anymore| any more)?\b",
        "not isnt long",
        also="numb phon cell",
    ),
    _on(
        r"\b(?:isnt|is not|no longer|not) (?!your|my|the|a|our)\w+s (?:phone|number|cell|cellphone|phone number|"
        r"line) ?(?:anymore|any more)?\b",
        "isnt is long not",
        also="phon numb cell line",
    ),
    _on(
        r"\b(?:this is|you are|youre|ur|you re) (?:not|texting the wrong|messaging the wrong|contacting the wrong) "
        r"(?:him|her|them|person)\b",
        "is are your ur you",
        also="him her them pers",
    ),
    _on(
        r"\b(?:this isnt|this is not|im not|i am not|thats not) (?:him|her|them|that person|the person|who you "
        rf"think){END}",
        "isnt not",
        also="him her them that pers who",
    ),
    _on(
        r"\b(?:just )?(?:got|have) (?:this|a) new number\b.*\b(?:not|isnt|who)\b.*\b(?:owner|person|him|her)\b",
        "new",
        also="numb",
    ),
    _on(r"\b(?:previous|prior|old|last) owner of this (?:number|phone)\b", "owne"),
    _on(
        r"\b(?:dont|do not) know (?:anyone|anybody|any|a|who) (?:named|called|by that name|\w+ "
        rf"is){'{0,1}'}\b(?=.*\b(?:number|name|named|called)\b)",
        "know",
        also="name call",
    ),
    _on(
        r"\b(?:numero|telefono|persona) equivocad[oa]\b|\bequivocad[oa] de (?:numero|telefono|persona)\b|"
        r"\bequivoc\w+ (?:de|el) (?:numero|telefono|persona)\b",
        "equi",
    ),
    _on(rf"\| (?:esta |estas |se )?equivocad[oa](?: \w+)?{END}", "equi"),
    _on(
        r"\baqui no (?:vive|hay|esta|trabaja) (?:nadie|ningun\w*) (?:\w+ ){0,3}(?:con ese nombre|llamad[oa]\w*|"
        r"nombre)\b",
        "aqui",
    ),
    _on(r"\b(?:este )?(?:no es|ya no es) (?:el|su) (?:numero|telefono) de \w+", "es", also="nume tele"),
)
