import { expect, test } from "vitest";
import { countSegments, plain } from "./segments";

const a = (times: number) => "a".repeat(times);

test.each([
  ["nothing costs nothing", "", 0, "GSM-7", 160],
  ["160 septets fill one segment", a(160), 1, "GSM-7", 0],
  ["161 septets need two of 153", a(161), 2, "GSM-7", 145],
  ["an extension character costs two", a(159) + "€", 2, "GSM-7", 145],
  ["an escape pair does not straddle", a(152) + "€" + a(152), 3, "GSM-7", 152],
  ["70 units fill one UCS-2 segment", "é" + "ç" + a(68), 1, "UCS-2", 0],
  ["71 units need two of 67", "ç" + a(70), 2, "UCS-2", 63],
  ["a surrogate pair does not straddle", a(66) + "👍" + a(65), 2, "UCS-2", 0],
  ["a surrogate pair does not straddle, one more", a(66) + "👍" + a(66), 3, "UCS-2", 66],
  ["Ç stands in GSM-7", "Ç" + a(159), 1, "GSM-7", 0],
  ["a backtick does not", "`", 1, "UCS-2", 69],
  ["ten segments", a(1530), 10, "GSM-7", 0],
])("%s", (_, text, count, encoding, left) => {
  expect(countSegments(text)).toMatchObject({ count, encoding, left });
});

test("the costly character is named with what the text would cost without its kind", () => {
  expect(countSegments(`He said “${a(140)}”`).costly).toEqual({ char: "“", without: 1 });
  expect(countSegments("plain").costly).toBeNull();
});

test("typographic characters have plain kin; letters and emoji are left alone", () => {
  expect(plain("It’s “on” – see you…")).toBe('It\'s "on" - see you...');
  expect(plain("café ç 👍")).toBe("café ç 👍");
});
