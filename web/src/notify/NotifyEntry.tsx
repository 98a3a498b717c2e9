// The way to the notifications from the account's menu, and what shows there that nothing rings.
import { Bell, BellOff } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { inWords } from "./bell";
import { permission } from "./desktop";
import { useWishes } from "./wishes";

const NotifyDialog = lazy(() => import("./NotifyDialog").then((module) => ({ default: module.NotifyDialog })));
const OPEN = "threadline:notifications";

export const openNotifications = (): void => void dispatchEvent(new Event(OPEN));

export function NotifyEntry({ className, stateClass, onClick }: { className: string | undefined; stateClass: string | undefined; onClick: () => void }) {
  const [wishes] = useWishes();
  const Icon = wishes.quiet ? BellOff : Bell;
  return (
    <button type="button" className={className} onClick={onClick}>
      <Icon size={16} aria-hidden="true" />
      Notifications
      <span className={stateClass}>{inWords(wishes, permission() === "granted")}</span>
    </button>
  );
}

export function Notifications() {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    const open = () => setOpened(true);
    addEventListener(OPEN, open);
    return () => removeEventListener(OPEN, open);
  }, []);
  if (!opened) return null;
  return (
    <Suspense>
      <NotifyDialog onClose={() => setOpened(false)} />
    </Suspense>
  );
}
