// "Sending in 5 s · Undo", at the foot of every page.
import { Undo2 } from "lucide-react";
import { useEffect, useState } from "react";
import { composeApi } from "./api";
import { giveBack } from "./useDraft";
import { onOffer, type Undoable } from "./undo";
import styles from "./UndoToast.module.css";

const SHOWN_AFTER_MS = 4_000;

export function UndoToast() {
  const [offer, setOffer] = useState<Undoable | null>(null);
  const [left, setLeft] = useState(0);
  const [word, setWord] = useState<string | null>(null);

  useEffect(
    () =>
      onOffer((one) => {
        setWord(null);
        setOffer(one);
        setLeft(Math.ceil((one.until - Date.now()) / 1000));
      }),
    [],
  );
  useEffect(() => {
    if (!offer) return;
    const timer = setInterval(() => {
      const seconds = Math.ceil((offer.until - Date.now()) / 1000);
      setLeft(seconds);
      if (seconds <= 0) setOffer(null);
    }, 250);
    return () => clearInterval(timer);
  }, [offer]);
  useEffect(() => {
    if (word === null) return;
    const timer = setTimeout(() => setWord(null), SHOWN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [word]);

  const undo = (one: Undoable) => {
    setOffer(null);
    composeApi.cancel(one.thread, one.seq).then(
      () => {
        giveBack(one.thread, one.body, one.pictures);
        setWord("Taken back. It was not sent.");
      },
      (error: Error) => setWord(error.message),
    );
  };
  return (
    <div className={styles.place} role="status">
      {offer && (
        <div className={styles.toast} data-testid="undo">
          <span className="numeric">{offer.when ? `Leaves ${offer.when}` : `Sending in ${left} s`}</span>
          <button type="button" onClick={() => undo(offer)}>
            <Undo2 size={15} strokeWidth={2.2} aria-hidden="true" />
            Undo
          </button>
        </div>
      )}
      {!offer && word && <div className={styles.toast}>{word}</div>}
    </div>
  );
}
