// Escape closes what was opened last, and that alone: a window below that listens everywhere is told to leave it to us.
import type { FocusEvent, KeyboardEvent } from "react";

interface OwnEscape {
  onFocusCapture: (event: FocusEvent) => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

export const ownEscape = (close: () => void): OwnEscape => ({
  onFocusCapture: (event) => (event.target as Element).setAttribute("data-mantine-stop-propagation", "true"),
  onKeyDown: (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    event.preventDefault();
    close();
  },
});
