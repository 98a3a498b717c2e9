// Notifications of the desktop, as a browser gives them to a page that is open.
import type { Notice } from "./bell";

export type Permission = "unsupported" | NotificationPermission;

export const permission = (): Permission => ("Notification" in globalThis ? Notification.permission : "unsupported");

/** Only by a click: a browser asks once, and who said no out of surprise has to find a setting. */
export const ask = (): Promise<NotificationPermission> => Notification.requestPermission();

/** Those that this tab has shown and that stand still, by tag. */
export class Shown {
  private readonly standing = new Map<string, { shown: Notification; threads: readonly number[] }>();

  constructor(private readonly onClick: (threads: readonly number[]) => void) {}

  show({ threads, title, body }: Notice): void {
    if (permission() !== "granted") return;
    const tag = `threadline-${threads.length === 1 ? threads[0] : "many"}`;
    // The same tag replaces the one before; our own sound is the only one, so that it can be turned off here.
    const options: NotificationOptions & { renotify: boolean } = { body, tag, icon: "/icon.svg", silent: true, renotify: true };
    try {
      const shown = new Notification(title, options);
      this.standing.set(tag, { shown, threads });
      shown.onclick = () => {
        shown.close();
        window.focus();
        this.onClick(threads);
      };
      shown.onclose = () => {
        if (this.standing.get(tag)?.shown === shown) this.standing.delete(tag);
      };
    } catch {
      // Browsers of phones have the name and refuse the deed: there the title and the sound must do.
    }
  }

  /** Takes away what nobody has to be told any more. */
  closeUnless(wanted: (thread: number) => boolean): void {
    for (const [tag, { shown, threads }] of [...this.standing]) {
      if (threads.some(wanted)) continue;
      this.standing.delete(tag);
      shown.close();
    }
  }
}
