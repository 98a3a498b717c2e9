// How new texts make themselves known in this browser. The browser is asked for leave only by the click that says why.
import { Button, Modal, Switch } from "@mantine/core";
import { BellRing, Volume2 } from "lucide-react";
import { useEffect, useState } from "react";
import { ask, permission, type Permission } from "./desktop";
import styles from "./NotifyDialog.module.css";
import { sound } from "./sound";
import { useWishes } from "./wishes";

export function NotifyDialog({ onClose }: { onClose: () => void }) {
  const [wishes, wish] = useWishes();
  const [allowed, setAllowed] = usePermission();
  const [heard, setHeard] = useState<boolean | null>(null);
  const shows = allowed === "granted" && wishes.desktop;
  const turnOn = () =>
    void ask().then((answer) => {
      setAllowed(answer);
      if (answer === "granted") wish({ desktop: true });
    });
  return (
    <Modal opened onClose={onClose} title="Notifications" closeButtonProps={{ "aria-label": "Close" }}>
      <div className={styles.all}>
        <p className={styles.whose}>For texts in conversations that are yours or nobody’s, or where a note names you. Kept in this browser, for you alone.</p>
        {allowed === "default" && (
          <div className={styles.asking}>
            <BellRing size={18} strokeWidth={1.9} aria-hidden="true" />
            <p>See new texts over your other windows while you work elsewhere. Your browser will ask whether Threadline may show them.</p>
            <Button size="xs" onClick={turnOn}>Turn on notifications</Button>
          </div>
        )}
        {allowed === "denied" && <p className={styles.refused}>Your browser blocks notifications of Threadline. Allow them in its settings for this site, beside the address, and they can be turned on here.</p>}
        {allowed === "unsupported" && <p className={styles.refused}>This browser cannot show notifications. The sound and the count in the tab’s title work all the same.</p>}
        {allowed === "granted" && <Wish label="Show new texts over other windows" checked={wishes.desktop} onChange={(desktop) => wish({ desktop })} />}
        {allowed === "granted" && (
          <Wish label="Hide what was written" description="Notifications say who wrote, not what: for a screen that others see." checked={wishes.hideWords} disabled={!shows} onChange={(hideWords) => wish({ hideWords })} />
        )}
        <div className={styles.sound}>
          <Wish label="Sound" description="Two soft notes, once for all tabs." checked={wishes.sound} onChange={(on) => wish({ sound: on })} />
          <Button variant="default" size="xs" leftSection={<Volume2 size={15} aria-hidden="true" />} onClick={() => void sound().then(setHeard)}>Play</Button>
        </div>
        <p role="status" className={styles.said}>{heard === false ? "Your browser does not let this page sound." : ""}</p>
        <Wish label="Do not disturb" description="Nothing pops up or sounds in this browser. The tab goes on counting." checked={wishes.quiet} onChange={(quiet) => wish({ quiet })} />
      </div>
    </Modal>
  );
}

function Wish({ onChange, ...of }: { label: string; description?: string; checked: boolean; disabled?: boolean; onChange: (on: boolean) => void }) {
  return <Switch {...of} size="md" onChange={(event) => onChange(event.currentTarget.checked)} />;
}

/** As it stands now: it can be taken back in the browser's settings at any time. */
function usePermission(): [Permission, (now: Permission) => void] {
  const [allowed, setAllowed] = useState(permission);
  useEffect(() => {
    const look = () => setAllowed(permission());
    addEventListener("focus", look);
    return () => removeEventListener("focus", look);
  }, []);
  return [allowed, setAllowed];
}
