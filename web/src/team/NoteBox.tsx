// A note: written beside the texts and never sent; an @ offers the colleagues to ask.
import { ActionIcon } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { NotebookPen } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Failure } from "../parts/Failure";
import { sends } from "../parts/sends";
import { useCommand } from "../parts/useCommand";
import { membersQuery } from "../people/api";
import { teamApi } from "./api";
import { begunMention, fitting, withMention, type Begun } from "./mention";
import styles from "./Answer.module.css";

const LONGEST = 5_000; // characters; as server/http/texts/team.py
const keyOf = (id: number): string => `threadline.note:${id}`;

export function NoteBox({ id }: { id: number }) {
  const [text, setText] = useState(() => sessionStorage.getItem(keyOf(id)) ?? "");
  const [begun, setBegun] = useState<Begun | null>(null);
  const [chosen, choose] = useState(0);
  const box = useRef<HTMLTextAreaElement>(null);
  const command = useCommand();
  const members = useQuery(membersQuery).data ?? [];
  const people = begun ? fitting(members, begun.typed) : [];
  const at = Math.min(chosen, people.length - 1);
  const write = (next: string) => {
    setText(next);
    if (next === "") sessionStorage.removeItem(keyOf(id));
    else sessionStorage.setItem(keyOf(id), next);
  };
  const saving = useMutation({
    mutationFn: (body: string) => teamApi.note(id, command.idOf(body), body),
    onSuccess: () => {
      command.done();
      write("");
      box.current?.focus();
    },
  });
  const body = text.trim();
  const ready = body !== "" && [...body].length <= LONGEST && !saving.isPending;
  useEffect(() => box.current?.focus({ preventScroll: true }), []);

  const pick = (name: string) => {
    if (!begun) return;
    const next = withMention(text, begun, name);
    write(next.text);
    setBegun(null);
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(next.caret, next.caret);
    });
  };
  const save = () => {
    if (ready) saving.mutate(body);
  };
  const key = (event: KeyboardEvent) => {
    const person = people[at];
    if (person && ["ArrowDown", "ArrowUp", "Enter", "Tab", "Escape"].includes(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Escape") setBegun(null);
      else if (event.key === "ArrowDown") choose((at + 1) % people.length);
      else if (event.key === "ArrowUp") choose((at + people.length - 1) % people.length);
      else pick(person.name);
      return;
    }
    if (!sends(event)) return;
    event.preventDefault();
    save();
  };
  return (
    <form
      className={styles.note} aria-label="Note"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      {people.length > 0 && (
        <ul id="mentioned" role="listbox" aria-label="Colleagues to ask" className={styles.people}>
          {people.map((one, index) => (
            <li key={one.member_id} id={`mention-${one.member_id}`} role="option" aria-selected={index === at} onPointerDown={(event) => event.preventDefault()} onClick={() => pick(one.name)}>
              {one.name}
            </li>
          ))}
        </ul>
      )}
      <div className={styles.box}>
        <textarea
          ref={box} rows={1} aria-label="Note for colleagues" aria-autocomplete="list" value={text} readOnly={saving.isPending}
          {...(people.length > 0 && { "aria-controls": "mentioned", "aria-activedescendant": `mention-${people[at]?.member_id}` })}
          placeholder="Write a note; @ asks a colleague" onKeyDown={key} onBlur={() => setBegun(null)}
          onChange={(event) => {
            write(event.currentTarget.value);
            setBegun(begunMention(event.currentTarget.value, event.currentTarget.selectionStart));
            choose(0);
          }}
        />
        <ActionIcon type="submit" size={36} radius={11} variant="filled" aria-label="Save the note" disabled={!ready}>
          <NotebookPen size={18} strokeWidth={2} />
        </ActionIcon>
      </div>
      <p className={styles.said}>Only colleagues see it; it is never sent.</p>
      <Failure brief error={saving.error} />
    </form>
  );
}
