// Whether Enter sends what was written.
import type { KeyboardEvent } from "react";

/** On a touch keyboard Enter is a new line; Shift makes one everywhere, and an Enter that chooses a word of an input method does nothing. */
export const sends = (event: KeyboardEvent): boolean =>
  event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing && !matchMedia("(pointer: coarse)").matches;
