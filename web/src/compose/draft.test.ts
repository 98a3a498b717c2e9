import { describe, expect, it } from "vitest";
import type { Draft } from "./api";
import { asKept, isEmpty, newer, NOTHING, stamp, withGivenBack, withoutSent, type Kept } from "./draft";

const EARLY = "2026-11-20T16:00:00.000Z";
const LATE = "2026-11-20T16:00:00.001Z";
const picture = (media_id: string) => ({ media_id, url: `/media/${media_id}` });
const kept = (over: Partial<Kept> = {}): Kept => ({ ...NOTHING, body: "mine", at: EARLY, ...over });
const stored = (over: Partial<Draft> = {}): Draft => ({ body: "theirs", recipient: "", pictures: [], changed_at: LATE, ...over });

describe("which draft counts", () => {
  it.each([
    { one: LATE, than: EARLY, is: true },
    { one: EARLY, than: LATE, is: false },
    { one: EARLY, than: "2026-11-20T16:00:00+00:00", is: false },
    { one: EARLY, than: "", is: true },
    { one: EARLY, than: null, is: true },
    { one: "", than: EARLY, is: false },
    { one: null, than: "", is: false },
  ])("takes $one for newer than $than: $is", ({ one, than, is }) => expect(newer(one, than)).toBe(is));
  it("takes what is typed now for later than all that was seen, by whatever clock", () => {
    expect(stamp("", new Date(EARLY))).toBe(EARLY);
    expect(stamp(EARLY, new Date("2026-11-20T18:00:00Z"))).toBe("2026-11-20T18:00:00.000Z");
    expect(stamp(EARLY, new Date("2026-11-20T12:00:00Z"))).toBe(LATE);
  });
});

describe("what is kept", () => {
  it("is what is stored, with its pictures", () => expect(asKept(stored({ body: "", pictures: [picture("a")] }))).toEqual({ ...NOTHING, pictures: [picture("a")], at: LATE }));
  it("is nothing of what another tab has sent", () => expect(asKept(stored({ body: "" }))).toBe(NOTHING));
  it("is something as soon as there is a picture", () => {
    expect(isEmpty({ ...NOTHING, pictures: [picture("a")] })).toBe(false);
    expect(isEmpty(NOTHING)).toBe(true);
  });
});

describe("what stands where a text was sent from", () => {
  const sent = { body: "Half price!", pictures: [picture("a")] };
  it.each([
    { name: "the same", body: "Half price!", left: "" },
    { name: "more", body: "Half price! I mean", left: "I mean" },
    { name: "something else", body: "I mean the fee", left: "I mean the fee" },
    { name: "a change of it", body: "Half the price!", left: "Half the price!" },
  ])("where $name stands by then: $left", ({ body, left }) => expect(withoutSent(kept({ body, pictures: sent.pictures }), sent, LATE)).toEqual({ ...NOTHING, body: left, at: LATE }));
  it("keeps a picture that was added since, and whom it is for", () => {
    const mine = kept({ body: "Half price!", recipient: "Ada", pictures: [picture("a"), picture("b")] });
    expect(withoutSent(mine, sent, LATE)).toEqual({ body: "", recipient: "Ada", pictures: [picture("b")], at: LATE });
  });
  it("forgets whom it was for with the last of it", () => expect(withoutSent(kept({ ...sent, recipient: "Ada" }), sent, LATE)).toEqual({ ...NOTHING, at: LATE }));
});

describe("a text that was taken back", () => {
  it("stands where it was written", () => expect(withGivenBack(NOTHING, "back", [picture("a")], LATE)).toEqual({ ...NOTHING, body: "back", pictures: [picture("a")], at: LATE }));
  it("stands before what was typed since", () => expect(withGivenBack(kept(), "back", [], LATE).body).toBe("back\nmine"));
  it("brings its pictures, each once", () => {
    const back = withGivenBack(kept({ pictures: [picture("a"), picture("b")] }), "", [picture("a")], LATE);
    expect(back.pictures.map((one) => one.media_id)).toEqual(["a", "b"]);
    expect(back.body).toBe("mine");
  });
});
