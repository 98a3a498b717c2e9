"""What simulated people write. Real-estate leads: curious, in a hurry, warm, curt, now and then done with us."""

from typing import Final

STREETS: Final = (
    "Maple Ave", "Linden Street", "Harbor View Drive", "Cedar Lane", "Willow Creek Rd", "Beacon Hill", "Orchard Street",
    "Sunset Terrace", "Chestnut Court", "Riverside Dr", "Juniper Way", "Prospect Place",
)  # fmt: skip

OPENERS: Final = (
    "Hi! Is the house on {street} still available?",
    "Saw the sign on {street}. What are they asking?",
    "Hello, I found your number on the listing for {n} {street}. Could we see it this weekend?",
    "Does the place on {street} have a garage?",
    "Quick question: are pets ok at {n} {street}? We have a very polite beagle 🐶",
    "Good morning! My husband and I are moving in spring and would love to talk about areas with good schools.",
    "Is the open house on {street} still happening Sunday?",
    "hey, any 2 bedrooms near downtown under 2k?",
    "We just got preapproved!! 🎉 When can we start looking?",
    "I'd like to sell my condo on {street}. What do you think it's worth in this market?",
    "Are you taking new clients? A friend from work recommended you",
    "How much are the HOA fees at {n} {street}?",
    "Is the price on {street} negotiable at all",
    "Hi, it's me from the open house. The one who asked about the roof 😄 Any news on that?",
    "Does {n} {street} get any afternoon sun in the back yard? I have about forty tomato plants to think of.",
    "What are your office hours? I'd rather talk in person",
    "Do you handle rentals as well?",
    "Can you send me the floor plan for {street}?",
    "Is there a basement? Dry, I mean",
    "My lease ends in {month}. Too early to start looking?",
    "Did the sellers on {street} ever answer our offer?",
    "¿Habla español? Me interesa la casa de {street}",
    "The inspection report just landed in my inbox. 47 pages. Should I be worried about the water heater?",
    "Just drove by {n} {street} and fell in love with the porch. Please tell me nobody has put in an offer.",
    "Would the owner consider a lease with an option to buy?",
    "Any chance of a virtual tour? We're still in {city} until the end of the month",
    "How's parking on {street}? We've got two cars and a kayak",
    "Is it true a train station is coming to that part of town?",
)  # fmt: skip

TIMES: Final = (
    "Saturday at 11 works great for us!",
    "Could we do after 5? I'm at work until then",
    "tomorrow morning?",
    "Sunday is better. Anytime after church, say 1 pm?",
    "I can do {hour} on Thursday",
    "{hour} works 👍",
    "Hmm, not this week. Next Tuesday?",
    "Can you stop by at {hour}?",
    "Any evening but Wednesday. Wednesday is bowling 🎳",
    "Either is fine, you pick",
)

MONEY: Final = (
    "We're hoping to stay under {price}k",
    "Preapproved up to {price}k but I'd like to keep the payment sane",
    "Around {price}, maybe a little more for the right kitchen",
    "That's more than we had in mind. Is there any room?",
    "Cash, actually. My mother sold her place last month",
    "What would that be per month with 10% down?",
    "ok that's fair",
    "Ouch 😬 Anything similar for less?",
)

YES: Final = (
    "Yes please!",
    "yes",
    "Yep, that works",
    "Sure, send it over",
    "Absolutely, thank you!",
    "👍",
    "Yes! And could you send a few more photos of the kitchen?",
    "I think so. Let me check with my wife and get back to you tonight",
)

NO: Final = (
    "No thanks, we went with another place",
    "Not right now, maybe in the spring",
    "no",
    "We're good for now, but thanks for thinking of us",
    "Not really our style, it's a bit dark inside",
)

HOURS: Final = (
    "Great, are you open on Saturdays too?",
    "What time do you close today?",
    "Is anybody in the office at lunch time?",
    "Perfect. Can I just walk in or do I need an appointment?",
)

THANKS: Final = (
    "Thanks so much!",
    "Thank you 🙏 You've been really helpful",
    "ty!",
    "Perfect, see you then",
    "Got it, thanks",
    "You're the best 😊",
    "Appreciate the quick answer!",
)

QUESTIONS: Final = (
    "How old is the roof?",
    "Is it on a septic system or city sewer?",
    "Which school district is that?",
    "What did the neighbors' place go for?",
    "How long has it been on the market?",
    "Would they leave the washer and dryer?",
    "Is there fiber internet on the street? I work from home",
    "What are the property taxes like?",
    "Has anyone else been to see it?",
    "Do you have anything with a bigger yard?",
    "Is that the one with the blue door?",
    "Can we bring our contractor along?",
)

CHATTY: Final = (
    "So sorry for the slow reply, it's been a week! The little one had a fever, the car wouldn't start, and "
    "then my sister came to stay. But yes, we are very much still interested. Could you remind me what the "
    "asking price was, and whether the sellers are in a hurry? We could move as early as {month}.",
    "I've been thinking about what you said. The house on {street} is lovely, but the commute would be nearly"
    " an hour each way and I know myself: I'd be grumpy by {month}. Is there anything closer to the station, "
    "even if it's smaller? Two bedrooms would do, three would be a dream, and a bathtub is not negotiable 🛁",
    "Okay here's our list: 3 bed, 2 bath, a garage or at least a driveway, a kitchen that two people can "
    "stand in, no carpet in the bathroom (why do people do that?), and a yard for the dog. Budget {price}k. "
    "Be honest with us, does that exist within 30 minutes of downtown?",
    "We walked the neighborhood last night just to get a feel for it. A man watering his roses told us the "
    "whole history of the street, from the trolley to the flood of '78, and then offered us zucchini. I think"
    " we want to live there. What would a strong offer look like?",
)  # fmt: skip

EMOJI: Final = ("❤️", "😍😍", "🏡✨", "🙌", "😂", "👀", "🤔")

DOUBTS: Final = (
    "not interested",
    "Stop it already",
    "Please stop texting me about condos",
    "Wrong number, sorry",
    "I think you have the wrong person",
    "Don't text me while I'm at work please",
    "I never signed up for this",
    "no me interesa, gracias",
)

GOODBYES: Final = (
    "STOP",
    "Stop",
    "stop please",
    "Unsubscribe",
    "Please take me off your list",
)

MONTHS: Final = ("January", "March", "May", "June", "September", "November")
CITIES: Final = ("Denver", "Austin", "Chicago", "Portland", "Savannah", "San Diego")
HOURS_OF_DAY: Final = ("9:30", "10", "noon", "2:15", "4", "5:30", "6 pm")
PRICES: Final = (285, 340, 375, 420, 465, 510, 595, 640)
