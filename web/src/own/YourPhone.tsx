// The dialog of the member's own phone, from anywhere in the frame.
import { lazy, Suspense, useEffect, useState } from "react";

const OPEN = "threadline:your-phone";
const OwnNumberDialog = lazy(async () => ({ default: (await import("./OwnNumber")).OwnNumberDialog }));

export const openYourPhone = (): void => void dispatchEvent(new Event(OPEN));

export function YourPhone() {
  const [opened, setOpened] = useState<boolean | null>(null); // null: nobody has asked for it yet
  useEffect(() => {
    const open = () => setOpened(true);
    addEventListener(OPEN, open);
    return () => removeEventListener(OPEN, open);
  }, []);
  if (opened === null) return null;
  return (
    <Suspense fallback={null}>
      <OwnNumberDialog opened={opened} onClose={() => setOpened(false)} />
    </Suspense>
  );
}
