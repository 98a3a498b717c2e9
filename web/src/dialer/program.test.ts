import { expect, test } from "vitest";
import { pieces } from "./program";

const bytes = (text: string) => new TextEncoder().encode(text);

const stream = (...chunks: Uint8Array<ArrayBuffer>[]): Response =>
  new Response(
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    }),
  );

async function all(answer: Response) {
  const found = [];
  for await (const piece of pieces(answer)) found.push(piece);
  return found;
}

const EVENT = 'retry: 2000\n\n: still here\n\nid: e:7\nevent: message.received\ndata: {"seq":7,"data":{"body":"Zoë 🏡"}}\n\n';
const TOLD = [{ id: "e:7", kind: "message.received", data: '{"seq":7,"data":{"body":"Zoë 🏡"}}' }];

test("a beat and the wish for a pause are no events", async () => {
  expect(await all(stream(bytes(EVENT)))).toEqual(TOLD);
});

test("wherever the stream is cut, the same events come", async () => {
  const whole = bytes(EVENT);
  for (let at = 1; at < whole.length; at += 1) expect(await all(stream(whole.slice(0, at), whole.slice(at)))).toEqual(TOLD);
});

test("what was begun and not ended is no event", async () => {
  expect(await all(stream(bytes(EVENT), bytes("id: e:8\nevent: message.status\ndata: {}")))).toEqual(TOLD);
});
