// One change to everybody who is selected: tags, a stage, an owner.
import { Button, Modal, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { editMany, forgetPeople, membersQuery, pipelinesQuery, tagsQuery, type ManyEdit } from "./api";
import { Failure } from "../parts/Failure";
import { people } from "./rows";
import type { Audience } from "./selection";
import styles from "./EditMany.module.css";

export type What = "tag" | "stage" | "owner";
const TITLES: Record<What, string> = { tag: "Tag people", stage: "Move to a stage", owner: "Set the owner" };

interface Props {
  what: What;
  audience: Audience;
  count: number | null;
  onClose: () => void;
  onDone: (changed: number) => void;
}

export function EditMany({ what, audience, count, onClose, onDone }: Props) {
  const queries = useQueryClient();
  const [edit, setEdit] = useState<ManyEdit | null>(null);
  const changing = useMutation({
    mutationFn: (change: ManyEdit) => editMany(audience, change),
    onSuccess: async ({ changed }) => {
      await Promise.all([forgetPeople(queries), queries.invalidateQueries({ queryKey: tagsQuery.queryKey })]);
      onDone(changed);
    },
  });
  const Form = { tag: TagForm, stage: StageForm, owner: OwnerForm }[what];
  return (
    <Modal opened onClose={onClose} title={TITLES[what]} closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (edit) changing.mutate(edit);
        }}
      >
        <Form onChange={setEdit} />
        <Failure brief error={changing.error} />
        <div className={styles.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={edit === null} loading={changing.isPending}>
            Change {count === null ? "all" : people(count)}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

interface FormProps {
  onChange: (edit: ManyEdit | null) => void;
}

function TagForm({ onChange }: FormProps) {
  const tags = useQuery(tagsQuery).data ?? [];
  const [mode, setMode] = useState<"add" | "remove">("add");
  const [name, setName] = useState("");
  const tell = (next: string, how: "add" | "remove") => {
    const known = tags.find((one) => one.name.toLowerCase() === next.trim().toLowerCase());
    if (how === "add") onChange(next.trim() ? { add_tags: [next.trim()] } : null);
    else onChange(known ? { remove_tag_ids: [known.tag_id] } : null);
  };
  return (
    <>
      <div className={styles.modes} role="group" aria-label="What to do">
        {(["add", "remove"] as const).map((one) => (
          <button
            key={one} type="button" aria-pressed={mode === one}
            onClick={() => {
              setMode(one);
              tell(name, one);
            }}
          >
            {one === "add" ? "Add a tag" : "Remove a tag"}
          </button>
        ))}
      </div>
      <TextInput
        label="Tag" data-autofocus list="known-tags" value={name} maxLength={60} autoComplete="off"
        description={mode === "add" ? "One that does not exist yet is made." : undefined}
        onChange={(event) => {
          setName(event.currentTarget.value);
          tell(event.currentTarget.value, mode);
        }}
      />
      <datalist id="known-tags">
        {tags.map((tag) => (
          <option key={tag.tag_id} value={tag.name} />
        ))}
      </datalist>
    </>
  );
}

function StageForm({ onChange }: FormProps) {
  const pipelines = useQuery(pipelinesQuery).data ?? [];
  const [value, setValue] = useState("");
  const choose = (next: string) => {
    setValue(next);
    const [pipeline, stage] = next.split(":");
    onChange(pipeline ? { stage: { pipeline_id: Number(pipeline), stage_id: stage ? Number(stage) : null } } : null);
  };
  return (
    <NativeSelect
      label="Stage" data-autofocus value={value} onChange={(event) => choose(event.currentTarget.value)}
      data={[
        { value: "", label: "Choose…" },
        ...pipelines.map((one) => ({
          group: one.name,
          items: [
            ...one.stages.map((stage) => ({ value: `${one.pipeline_id}:${stage.stage_id}`, label: stage.name })),
            { value: `${one.pipeline_id}:`, label: `Out of ${one.name}` },
          ],
        })),
      ]}
    />
  );
}

function OwnerForm({ onChange }: FormProps) {
  const members = useQuery(membersQuery).data ?? [];
  const [value, setValue] = useState("");
  return (
    <NativeSelect
      label="Owner" data-autofocus value={value}
      data={[{ value: "", label: "Choose…" }, ...members.map((one) => ({ value: String(one.member_id), label: one.name })), { value: "none", label: "Nobody" }]}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setValue(next);
        onChange(next === "" ? null : { owner_id: next === "none" ? null : Number(next) });
      }}
    />
  );
}
