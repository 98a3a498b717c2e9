// Two soft notes, made when they are wanted. A browser lets a page sound only after somebody has touched it.

const NOTES: readonly (readonly [hertz: number, at_s: number])[] = [
  [784, 0],
  [1047, 0.11],
];
const LOUD = 0.13;
const FADES_S = 0.34;

let context: AudioContext | undefined;

/** Begins once somebody has touched this page, or at once where they have. */
export function onTouched(begin: () => void, over: AbortSignal): void {
  if (navigator.userActivation?.hasBeenActive) return begin();
  const touched = new AbortController();
  over.addEventListener("abort", () => touched.abort());
  const once = () => {
    touched.abort();
    begin();
  };
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, once, { signal: touched.signal, capture: true });
}

/** Gives whether it sounded; a browser that forbids it is left in peace. */
export async function sound(): Promise<boolean> {
  try {
    context ??= new AudioContext();
    const playing = context;
    await playing.resume();
    if (playing.state !== "running") return false;
    const now = playing.currentTime;
    for (const [hertz, at] of NOTES) {
      const [tone, volume] = [playing.createOscillator(), playing.createGain()];
      tone.type = "sine";
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0, now + at);
      volume.gain.linearRampToValueAtTime(LOUD, now + at + 0.012);
      volume.gain.exponentialRampToValueAtTime(0.0001, now + at + FADES_S);
      tone.connect(volume).connect(playing.destination);
      tone.start(now + at);
      tone.stop(now + at + FADES_S);
    }
    setTimeout(() => void playing.suspend().catch(() => undefined), 1_000 * (FADES_S + 0.5)); // a silent one would keep the machine awake
    return true;
  } catch {
    return false; // no sound device, or a browser without this
  }
}
