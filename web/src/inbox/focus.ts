// The open conversation gives the focus back to the list without knowing it.

const EVENT = "threadline:focus-list";

export const focusList = (): void => void dispatchEvent(new Event(EVENT));

export function onFocusList(listener: () => void): () => void {
  addEventListener(EVENT, listener);
  return () => removeEventListener(EVENT, listener);
}

/** One pane at a time; the same width as in the style sheets. */
export const isPhone = (): boolean => matchMedia("(max-width: 767px)").matches;

export const HEADING = "conversation-with";

/** On a phone the conversation that opens takes the focus; elsewhere its reply box does. */
export function focusHeading(): void {
  if (isPhone()) document.getElementById(HEADING)?.focus({ preventScroll: true });
}
