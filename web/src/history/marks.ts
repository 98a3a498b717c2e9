// Where the words that were looked for stand in a text: the same rules as the server's search, for the eye.

export interface Stretch {
  readonly text: string;
  readonly hit: boolean;
}

interface Word {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

interface Piece {
  readonly words: readonly string[];
  readonly goesOn: boolean;
}

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const SIGN = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]/; // scripts without spaces: a sign is a word
const BEFORE = 60; // characters that are kept before the first hit of a long text
const LONG = 140;

/** Letters without capitals and accents, each with the place that it came from. */
function folded(text: string): { text: string; from: number[] } {
  const from: number[] = [];
  let out = "";
  let at = 0;
  for (const sign of text) {
    const plain = sign.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
    for (let n = 0; n < plain.length; n += 1) from.push(at);
    out += plain;
    at += sign.length;
  }
  from.push(at);
  return { text: out, from };
}

function wordsOf(text: string): Word[] {
  const plain = folded(text);
  const found: Word[] = [];
  const put = (start: number, end: number) => found.push({ word: plain.text.slice(start, end), start: plain.from[start] as number, end: plain.from[end] as number });
  for (const match of plain.text.matchAll(WORD)) {
    let begin = match.index;
    const end = begin + match[0].length;
    for (let at = begin; at < end; at += 1) {
      if (!SIGN.test(plain.text[at] as string)) continue;
      if (begin < at) put(begin, at);
      put(at, at + 1);
      begin = at + 1;
    }
    if (begin < end) put(begin, end);
  }
  return found;
}

function piecesOf(typed: string): Piece[] {
  const found: Piece[] = [];
  for (const [, quoted, loose] of typed.replace(/[“”„«»]/g, '"').matchAll(/"([^"]*)"|([^\s"]+)/g)) {
    const words = wordsOf(quoted ?? loose ?? "").map((one) => one.word);
    const last = words.at(-1);
    if (last !== undefined) found.push({ words, goesOn: quoted === undefined && last.length > 2 });
  }
  return found;
}

function hitsOf(body: string, typed: string): [number, number][] {
  const words = wordsOf(body);
  const hits: [number, number][] = [];
  for (const piece of piecesOf(typed))
    for (let first = 0; first + piece.words.length <= words.length; first += 1) {
      const last = first + piece.words.length - 1;
      const fits = piece.words.every((word, n) => {
        const here = (words[first + n] as Word).word;
        return n === piece.words.length - 1 && piece.goesOn ? here.startsWith(word) : here === word;
      });
      if (fits) hits.push([(words[first] as Word).start, (words[last] as Word).end]);
    }
  return hits.sort((a, b) => a[0] - b[0]);
}

/** The text in stretches, those that were looked for marked. What stands long before the first of them is left out. */
export function marked(body: string, typed: string): Stretch[] {
  const hits = hitsOf(body, typed);
  const first = hits[0]?.[0] ?? 0;
  const found: Stretch[] = [];
  let at = first > LONG ? Math.max(0, body.lastIndexOf(" ", first - BEFORE)) : 0;
  if (at > 0) found.push({ text: "…", hit: false });
  for (const [start, end] of hits) {
    if (end <= at) continue;
    if (start > at) found.push({ text: body.slice(at, start), hit: false });
    found.push({ text: body.slice(Math.max(at, start), end), hit: true });
    at = end;
  }
  if (at < body.length) found.push({ text: body.slice(at), hit: false });
  return found;
}
