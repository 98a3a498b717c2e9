// Pictures that go with a text: chosen, pasted or dropped, uploaded at once, shown before they are sent.
import { ActionIcon, Tooltip } from "@mantine/core";
import { ImagePlus, X } from "lucide-react";
import { useRef, useState, type ClipboardEvent, type DragEvent } from "react";
import { composeApi, type Picture } from "./api";
import type { DraftHandle } from "./useDraft";
import styles from "./Pictures.module.css";

const MOST = 10;
const TAKEN = "image/jpeg,image/png,image/gif";

export interface Attached {
  readonly pictures: readonly Picture[];
  readonly busy: number;
  readonly problem: string | null;
  add: (files: Iterable<File>) => void;
  remove: (id: string) => void;
  paste: (event: ClipboardEvent) => void;
  drop: (event: DragEvent) => void;
}

/** The pictures of a draft: what is uploaded is in it at once. */
export function usePictures({ pictures, attach }: Pick<DraftHandle, "pictures" | "attach">): Attached {
  const [busy, setBusy] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const add = (files: Iterable<File>) => {
    const chosen = [...files];
    const taken = chosen.slice(0, Math.max(0, MOST - pictures.length - busy));
    setProblem(taken.length < chosen.length ? `A text takes ${MOST} pictures at most.` : null);
    for (const file of taken) {
      setBusy((before) => before + 1);
      composeApi
        .upload(file)
        .then(
          ({ media_id, url }) => attach((before) => [...before, { media_id, url, name: file.name }]),
          (error: Error) => setProblem(`${file.name}: ${error.message}`),
        )
        .finally(() => setBusy((before) => before - 1));
    }
  };
  const taking = (event: ClipboardEvent | DragEvent, files: FileList | undefined) => {
    if (!files || files.length === 0) return;
    event.preventDefault();
    add(files);
  };
  return {
    pictures, busy, problem, add,
    remove: (id) => attach((before) => before.filter((one) => one.media_id !== id)),
    paste: (event) => taking(event, event.clipboardData.files),
    drop: (event) => taking(event, event.dataTransfer.files),
  };
}

export function AttachButton({ attached, disabled = false }: { attached: Attached; disabled?: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Tooltip label="Add a picture">
        <ActionIcon variant="subtle" size={36} radius={11} aria-label="Add a picture" className={styles.button} disabled={disabled} onClick={() => input.current?.click()}>
          <ImagePlus size={19} strokeWidth={1.8} />
        </ActionIcon>
      </Tooltip>
      <input
        ref={input} type="file" accept={TAKEN} multiple hidden data-testid="picture-input"
        onChange={(event) => {
          attached.add([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

export function PictureStrip({ attached }: { attached: Attached }) {
  const { pictures, busy, problem } = attached;
  if (pictures.length === 0 && busy === 0 && !problem) return null;
  return (
    <div className={styles.strip}>
      {pictures.map((picture, index) => (
        <figure key={picture.media_id} className={styles.thumb}>
          <img src={picture.url} alt={picture.name || `Picture ${index + 1}`} />
          <button type="button" aria-label={`Remove ${picture.name || `picture ${index + 1}`}`} onClick={() => attached.remove(picture.media_id)}>
            <X size={14} strokeWidth={2.4} aria-hidden="true" />
          </button>
        </figure>
      ))}
      {busy > 0 && (
        <span className={styles.busy} role="status">
          Uploading…
        </span>
      )}
      {problem && (
        <span className={styles.problem} role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}
