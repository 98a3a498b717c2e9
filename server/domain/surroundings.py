"""Holds what changes the meaning of a request: what narrows or negates it, who is quoted, what is no request at all.

Patterns over folded words as in `domain.phrases`; those that look at the text itself say so.
"""

import re
from typing import Final

# What follows a request and narrows it: about this home, before nine, while I am at work.
NARROWS: Final = re.compile(
    r" (?:about|at|before|after|until|till|while|when|whenever|during|so|in|on|for|early|late|tonight|today|tomorrow|"
    r"unless|if|like|as|that|those|to|with|between|over|under|from the|sobre|cuando|mientras|antes|hasta|tan|"
    r"los|si)\b"
)
DOES_NOT_NARROW: Final = re.compile(
    r" (?:(?:at|on|to) (?:this|my|the) (?:number|phone|cell|cellphone|mobile|line)|at all|at once|for (?:good|"
    r"ever)|forever|"
    r"to me|to us|in (?:the )?future|on here|like (?:right )?now|so please|from (?:you|u|yall|your|this)|a "
    r"este (?:numero|telefono))\b"
)

# What may be removed, cancelled or opted out of when people buy and sell homes.
BUSINESS: Final = re.compile(
    r"\b(?:deed|title|loan|mortgage|lease|contract|appointment|showing|showings|tour|viewing|calendar|schedule|"
    r"hoa|insurance|"
    r"inspection|contingency|contingencies|warranty|appraisal|escrow|clause|offer|listing|sign|email|emails|"
    r"invite|meeting|"
    r"policy|plan|agreement|earnest|closing|arbitration|photo|photos|picture|application|account|credit|will|trust)\b"
)
WANTS_TEXTS: Final = re.compile(
    r"\b(?:just|only|please|can you|better to|rather|prefer)? ?(?<!not )(?:text|txt|message) (?:me|us|instead|"
    r"only|is|please|back)\b|"
    r"\b(?:just|only|prefer) (?:text|texts|texting|a text)\b|\b(?:mejor|solo) (?:un )?(?:texto|mensaje|text|"
    r"mandeme|mandame)\w*"
)
WANTS_ANOTHER_WAY: Final = re.compile(
    r"\b(?:just |please |can you )?(?:call|email|e mail|ring|llam\w+|mejor) (?:me|us|instead|my|a)\b"
)
GIVES_A_NUMBER: Final = re.compile(
    r"\b(?:gave|give|given|got|wrote|sent|put|had|called|dialed|texted|used|typed|entered|posted) (?:you |him |"
    r"her |them |it )?(?:the |a |down )*wrong|"
    r"\bmy bad|\bsorry i .*wrong|\bwrong (?:number|person) (?:first|earlier|before)"
)
# "This is not Maya", "I'm not David": the capital makes it a name. Over the text itself, in one short sentence.
NOT_THAT_PERSON: Final = re.compile(
    r"^\W*(?:[Ss]orry,? |[Nn]o,? |[Hh]i,? |[Uu]m,? )?(?:[Tt]his (?:is not|isn['’]?t|aint|ain['’]t)|I['’]?m not|"
    r"[Ii] am not|[Nn]o soy|[Nn]ot)"
    r" ([A-ZÁÉÍÓÚÑ][a-záéíóúñ]{2,})(?: anymore)?\W*$"
)

# Not a request, whatever stands in it.
IDIOMS: Final = re.compile(
    r"\bstop(?:ped|ping|s)? (?:by|in|over|off|near|along|into|there|here|at(?! once| all)|for(?! good| ever)|"
    r"on (?:my|the|our|your) way|"
    r"to (?:see|look|say|get|pick|eat|grab|check|drop|visit|meet|think)|signs?|lights?|loss|gap|work|"
    r"and (?:see|look|say|get|pick|grab|check|take|talk|chat)|(?!texting|txting|messaging|messeging|contacting|"
    r"bothering|harassing|"
    r"pestering|spamming|soliciting|sending|calling|emailing|wasting|asking|trying|selling|pushing|reaching|"
    r"pretending|annoying|"
    r"bugging|hounding|writing|doing|receiving|getting)\w{2,}ing)\b|"
    r"\b(?:bus|next|last|first|quick|short|full|one|pit|non|rest|train|metro|subway|truck|door|final|another|"
    r"each|every|a|shop) stops?\b|"
    r"\bnon ?stop\b|"
    r"\bquit (?:my|his|her|their|our|smoking|claim|work|working|school|at|looking|drinking|a|the (?:job|gym))\b|"
    r"\b(?:you|u) quit\b"
)
NAMES_A_KEYWORD: Final = re.compile(r"(?:reply|text|send|type|say|txt|write|responda|envie|mande)(?:ing)? ")
NEGATED: Final = re.compile(
    r"\b(?:dont|do not|didnt|did not|never|cant|cannot|can not|wont|will not|wouldnt|not|doesnt|isnt|without|"
    r"no need to|unable to|"
    r"shouldnt|couldnt|no quiero que|nunca|no) (?:ever |want (?:you )?to |mean to |gonna |going to |asking you "
    r"to |need to |please )*$"
)
NEGATED_BY_YOU: Final = re.compile(
    r"\b(?:you|u|yall|ya|guys|people) (?:guys )?(?:still )?(?:dont|do not|didnt|wont|will not|never|cant|"
    r"havent) (?:ever )?$"
)
HEARSAY: Final = re.compile(
    r"(?:\b(?:told|asked|tell|ask|asking|telling|want|wants|wanted|need|make|made|makes|begged|get|gets|got|getting) "
    r"(?!you\b|u\b|yall\b|ya\b|this\b|it\b|these\b)(?:\w+ ){1,3}to|\bwhy|\bdid (?:i|you|u|we|he|she|they)|"
    r"\b(?:have|had|has) (?:you|they|she|he|i)|"
    r"\bwhether|\bif i|\bwhen i|\b(?:i|we|he|she|they) (?:get|got|am getting|receive|received)|\bthere (?:are|"
    r"were|is|be)|"
    r"\b(?:she|he|they) (?:said|says)(?: to)?|\b(?:not that|didnt say|did not say|never said|not saying|meant|"
    r"mean)(?: (?:i|to))?|"
    r"\bshould i|\bdo i (?:need|have) to|\b(?:reply|text|send|type|write|saying?|responda|envie|hint|is it|"
    r"joke|kidding|almost|about to))"
    r" (?:\w+ ){0,2}$"
)
TAPBACK: Final = re.compile(
    r"^\W{0,4}(?:Liked|Loved|Disliked|Laughed at|Emphasized|Questioned|Reacted .{1,12} to|Removed an? "
    r"[a-z ]{3,20} from|"
    r"Le gust[oó]|Le encant[oó]|No le gust[oó]|Se ri[oó] de|Enfatiz[oó]|Reaccion[oó] .{1,12} a) "
    r"?[\"“«].*[\"”»…]?\s*$",
    re.DOTALL,
)
QUOTED: Final = re.compile(r"[\"“«][^\"“”«»]{4,}[\"”»]|^>.*$|^-{2,} ?(?:Forwarded|Original).*", re.MULTILINE)
