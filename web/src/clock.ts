// The server's wall clock. A simulated workspace may live at another time of day than the machine that looks at it.

let ahead_ms = 0;

/** Takes the server's present from an answer of it; a server that tells none lives in ours. */
export function setPresent(told: string | undefined): void {
  ahead_ms = told === undefined ? 0 : Date.parse(told) - Date.now();
}

export const present = (): Date => new Date(Date.now() + ahead_ms);
