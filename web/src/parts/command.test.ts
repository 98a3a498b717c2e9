import { describe, expect, it } from "vitest";
import { newCommand } from "./command";

describe("commands", () => {
  it("keeps its id while the same is tried again, also as another object", () => {
    const command = newCommand();
    expect(command.idOf({ body: "Hi", media: ["a"] })).toBe(command.idOf({ body: "Hi", media: ["a"] }));
  });
  it("is another one for anything else", () => {
    const command = newCommand();
    const first = command.idOf({ body: "Hi" });
    expect(command.idOf({ body: "Hi!" })).not.toBe(first);
  });
  it("is another one for what was changed and changed back: somebody has thought twice", () => {
    const command = newCommand();
    const first = command.idOf("Hi");
    command.idOf("Hi!");
    expect(command.idOf("Hi")).not.toBe(first);
  });
  it("is another one once it was sent", () => {
    const command = newCommand();
    const first = command.idOf("Hi");
    command.done();
    expect(command.idOf("Hi")).not.toBe(first);
  });
  it("belongs to one form", () => expect(newCommand().idOf("Hi")).not.toBe(newCommand().idOf("Hi")));
});
