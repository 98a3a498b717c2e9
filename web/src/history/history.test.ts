import { describe, expect, it } from "vitest";
import { askedOf, asQuery, isNarrowed } from "./api";
import { marked } from "./marks";

const shown = (body: string, typed: string) => marked(body, typed).map(({ text, hit }) => (hit ? `[${text}]` : text)).join("");

describe("what was looked for is marked", () => {
  it.each([
    ["a word, whatever its capitals", "Is the House free?", "house", "Is the [House] free?"],
    ["a word as it begins", "Two houses", "hou", "Two [houses]"],
    ["not within a word", "Two houses", "uses", "Two houses"],
    ["a letter or two are a word", "to the top", "to", "[to] the top"],
    ["in quotes side by side", "An open house, not a house", '"open house"', "An [open house], not a house"],
    ["in quotes whole", "open houses", '"open house"', "open houses"],
    ["quotes as telephones type them", "An open house", "“open house”", "An [open house]"],
    ["several", "Maya and the house", "house maya", "[Maya] and the [house]"],
    ["without accents", "José está aquí", "jose esta", "[José] [está] aquí"],
    ["an apostrophe of either kind", "We don’t know", "don't", "We [don’t] know"],
    ["a number in its spelling", "Call 617-555-0123 now", "617-555-0123", "Call [617-555-0123] now"],
    ["signs", "这套房子还在吗", "房子", "这套[房子]还在吗"],
    ["between emoji", "😀house😀", "house", "😀[house]😀"],
    ["marks of regular expressions", "1+1 (two)", "(two", "1+1 ([two])"],
    ["nothing", "Hello", "", "Hello"],
    ["only marks", "Hello?", "?!", "Hello?"],
    ["twice over", "open openly", "open ope", "[open] [openly]"],
  ])("%s", (_, body, typed, expected) => {
    expect(shown(body, typed)).toBe(expected);
  });

  it("leaves out what stands long before it", () => {
    const text = `${"word ".repeat(60)}house at the end`;
    expect(shown(text, "house")).toMatch(/^… (word ){9,14}\[house\] at the end$/);
    expect(shown(text, "nowhere")).toBe(text);
  });
});

describe("the address", () => {
  it("says what is asked for, and leaves out what it does not know", () => {
    expect(askedOf({ q: 617, from: "2026-03-01", to: "2026-02-31", number: 2, agent: -1, campaign: "x", direction: "up", status: "failed", kind: "note", more: 1 })).toEqual({ q: "617", from: "2026-03-01", number: 2, status: "failed", kind: "note" });
    expect(askedOf({ kind: "call" })).toEqual({});
    expect(isNarrowed(askedOf({}))).toBe(false);
    expect(isNarrowed(askedOf({ agent: 3 }))).toBe(true);
  });

  it("asks for whole days where the reader is", () => {
    const query = asQuery({ from: "2026-03-08", to: "2026-03-08" });
    expect(query.get("since")).toBe(new Date(2026, 2, 8).toISOString());
    expect(query.get("until")).toBe(new Date(2026, 2, 9).toISOString());
  });

  it("asks for nothing that was not chosen", () => {
    expect(asQuery({}).toString()).toBe("");
    expect(asQuery({ q: "a b", number: 2, agent: 3, campaign: 4, contact: 5, direction: "in", status: "not_sent", kind: "text" }).toString()).toBe(
      "q=a+b&number_id=2&agent_id=3&campaign_id=4&contact_id=5&direction=in&status=not_sent&kind=text",
    );
  });
});
