// The filter of the list, condition by condition: what it finds is counted while it is built.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { FolderPlus, Plus, Trash2, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Failure } from "../parts/Failure";
import { filtersQuery, peopleApi, type SavedFilter } from "../people/api";
import { people } from "../people/rows";
import {
  added, emptyGroup, newCondition, operatorOf, removed, replaced, sameFilter, toDraft, toFilter, unfinished, withField, withOperator,
  type Condition, type Field, type Filter, type Group, type Node,
} from "./filter";
import { fieldsQuery, useOptions, type Options } from "./useFields";
import styles from "./Builder.module.css";

const DEEPEST = 3; // groups within groups: more nobody can read

interface Props {
  definition: Filter | null;
  saved: SavedFilter | null;
  /** How many the filter finds; null: not known, or it cannot be counted. */
  count: number | null;
  counting: boolean;
  onChange: (definition: Filter | null) => void;
  onChosen: (id: number | undefined) => void;
  onClose: () => void;
}

export function Builder({ definition, saved, count, counting, onChange, onChosen, onClose }: Props) {
  const fields = useQuery(fieldsQuery);
  if (fields.isError)
    return <Failure error={fields.error} />;
  if (!fields.data) return <div className={`bone ${styles.bone}`} aria-hidden="true" />;
  return <Ready fields={fields.data} definition={definition} saved={saved} count={count} counting={counting} onChange={onChange} onChosen={onChosen} onClose={onClose} />;
}

function Ready({ fields, definition, saved, count, counting, onChange, onChosen, onClose }: Props & { fields: readonly Field[] }) {
  const [draft, setDraft] = useState<Group>(() => begun(definition, fields));
  const told = useRef(definition);
  useEffect(() => {
    if (sameFilter(definition, told.current)) return; // what this builder has said itself
    told.current = definition;
    setDraft(begun(definition, fields));
  }, [definition, fields]);
  const change = (next: Group) => {
    setDraft(next);
    const filter = toFilter(next, fields);
    if (sameFilter(filter, told.current)) return;
    told.current = filter;
    onChange(filter);
  };
  const open = unfinished(draft, fields);
  return (
    <section className={styles.builder} aria-label="Filter">
      <GroupEditor root={draft} group={draft} depth={1} fields={fields} onChange={change} />
      <footer className={styles.foot}>
        <p className={styles.count} role="status" data-testid="filter-count">
          {count === null || counting ? <span aria-hidden="true">…</span> : <><strong>{people(count)}</strong> {count === 1 ? "matches" : "match"}</>}
          {open > 0 && <span> · {open === 1 ? "one condition is" : `${open} conditions are`} not complete yet</span>}
        </p>
        <Saving key={saved?.filter_id ?? "new"} saved={saved} definition={toFilter(draft, fields)} onChosen={onChosen} />
        {definition !== null && (
          <Button
            variant="subtle" className={styles.quiet}
            onClick={() => {
              setDraft(begun(null, fields));
              told.current = null;
              onChosen(undefined);
            }}
          >
            Clear
          </Button>
        )}
        <Button variant="subtle" className={styles.quiet} onClick={onClose}>
          Close
        </Button>
      </footer>
    </section>
  );
}

/** Nobody starts with an empty page: the first condition stands there, to be completed. */
function begun(definition: Filter | null, fields: readonly Field[]): Group {
  const draft = toDraft(definition);
  return draft.parts.length > 0 ? draft : added(draft, draft.id, newCondition(fields, "tag"));
}

interface EditorProps {
  root: Group;
  fields: readonly Field[];
  onChange: (root: Group) => void;
}

const JOINS = [
  { value: "all", label: "All of these are true" },
  { value: "any", label: "Any of these is true" },
  { value: "none", label: "None of these is true" },
];

function GroupEditor({ root, group, depth, fields, onChange }: EditorProps & { group: Group; depth: number }) {
  const join = (value: string) => onChange(replaced(root, group.id, (node) => ({ ...node, join: value }) as Group));
  return (
    <fieldset className={styles.group} data-depth={depth}>
      <legend className="hush">Group of conditions</legend>
      <div className={styles.top}>
        <NativeSelect aria-label="How the conditions are joined" size="xs" className={styles.join} data={JOINS} value={group.join} onChange={(event) => join(event.currentTarget.value)} />
        {depth > 1 && <Remove label="Remove the group" onClick={() => onChange(removed(root, group.id))} />}
      </div>
      {group.parts.map((node: Node) =>
        node.kind === "group" ? (
          <GroupEditor key={node.id} root={root} group={node} depth={depth + 1} fields={fields} onChange={onChange} />
        ) : (
          <ConditionEditor key={node.id} root={root} node={node} fields={fields} onChange={onChange} />
        ),
      )}
      <div className={styles.more}>
        <button type="button" onClick={() => onChange(added(root, group.id, newCondition(fields)))}>
          <Plus size={15} aria-hidden="true" /> Condition
        </button>
        {depth < DEEPEST && (
          <button type="button" onClick={() => onChange(added(root, group.id, emptyGroup(group.join === "any" ? "all" : "any", [newCondition(fields)])))}>
            <FolderPlus size={15} aria-hidden="true" /> Group
          </button>
        )}
      </div>
    </fieldset>
  );
}

function ConditionEditor({ root, node, fields, onChange }: EditorProps & { node: Condition }) {
  const put = (next: Condition) => onChange(replaced(root, node.id, () => next));
  const groups = [...new Set(fields.map((one) => one.group))];
  const known = fields.find((one) => one.name === node.field);
  return (
    <div className={styles.condition} role="group" aria-label={known?.label ?? "Condition"}>
      <NativeSelect
        size="xs" aria-label="Field" value={node.field} onChange={(event) => put(withField(node, event.currentTarget.value, fields))}
        data={[
          ...(known ? [] : [{ value: node.field, label: "(a field that was removed)" }]),
          ...groups.map((group) => ({ group, items: fields.filter((one) => one.group === group).map((one) => ({ value: one.name, label: one.label })) })),
        ]}
      />
      <NativeSelect
        size="xs" aria-label="Comparison" value={node.is} onChange={(event) => put(withOperator(node, event.currentTarget.value, fields))}
        data={(known?.operators ?? []).map((one) => ({ value: one.is, label: one.label }))}
      />
      <ValueInput node={node} fields={fields} onWrite={(value) => put({ ...node, value })} />
      <Remove label="Remove the condition" onClick={() => onChange(removed(root, node.id))} />
    </div>
  );
}

const PLACEHOLDERS: Partial<Record<string, string>> = { phone: "(617) 555-0100", digits: "617555", area_code: "617", days: "30", number: "0" };

function ValueInput({ node, fields, onWrite }: { node: Condition; fields: readonly Field[]; onWrite: (value: string) => void }) {
  const options = useOptions();
  const input = operatorOf(fields, node)?.input ?? "none";
  const field = fields.find((one) => one.name === node.field);
  if (input === "none") return <span className={styles.none} />;
  const listed: Options | undefined = input === "choice" ? (field?.choices ?? []).map((one) => ({ value: one, label: one })) : options[input];
  if (listed) return <Chosen value={node.value} options={listed} onWrite={onWrite} />;
  const numeric = input === "number" || input === "days";
  return (
    <TextInput
      size="xs" aria-label="Value" type={input === "date" ? "date" : "text"} inputMode={numeric || input === "digits" || input === "area_code" ? "numeric" : undefined}
      placeholder={PLACEHOLDERS[input]} value={node.value} onChange={(event) => onWrite(event.currentTarget.value)}
      rightSection={input === "days" ? <span className={styles.unit}>days</span> : undefined} rightSectionWidth={input === "days" ? 44 : undefined}
    />
  );
}

/** One of a list; a value that is no longer in it stays visible as what it is. */
function Chosen({ value, options, onWrite }: { value: string; options: Options; onWrite: (value: string) => void }) {
  const all = options.flatMap((one) => ("items" in one ? one.items : [one]));
  const gone = value !== "" && !all.some((one) => one.value === value);
  return (
    <NativeSelect
      size="xs" aria-label="Value" value={value} onChange={(event) => onWrite(event.currentTarget.value)}
      data={[{ value: "", label: all.length > 0 ? "Choose…" : "There is none yet" }, ...(gone ? [{ value, label: "(removed)" }] : []), ...options]}
    />
  );
}

function Remove({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <button type="button" className={styles.remove} aria-label={label} onClick={onClick}>
      <X size={15} aria-hidden="true" />
    </button>
  );
}

// Saving

function Saving({ saved, definition, onChosen }: { saved: SavedFilter | null; definition: Filter | null; onChosen: (id: number | undefined) => void }) {
  const queries = useQueryClient();
  const [naming, setNaming] = useState<"new" | "rename" | "delete" | null>(null);
  const [name, setName] = useState("");
  const done = async (id: number | undefined) => {
    await queries.invalidateQueries({ queryKey: filtersQuery.queryKey });
    setNaming(null);
    onChosen(id);
  };
  const saving = useMutation({
    mutationFn: async () => {
      if (naming === "rename" && saved) return (await peopleApi.patchFilter(saved.filter_id, { name: name.trim() })).filter_id;
      return definition ? (await peopleApi.saveFilter(name.trim(), definition)).filter_id : undefined;
    },
    onSuccess: done,
  });
  const updating = useMutation({ mutationFn: () => peopleApi.patchFilter(saved?.filter_id ?? 0, { definition: definition as Filter }), onSuccess: () => done(saved?.filter_id) });
  const removing = useMutation({ mutationFn: () => peopleApi.removeFilter(saved?.filter_id ?? 0), onSuccess: () => done(undefined) });
  const problem = saving.error ?? updating.error ?? removing.error;
  const ask = (what: "new" | "rename") => {
    setName(what === "rename" ? (saved?.name ?? "") : "");
    setNaming(what);
  };
  const changed = saved !== null && definition !== null && !sameFilter(definition, saved.definition);
  return (
    <div className={styles.saving}>
      {naming === "delete" && saved && (
        <span className={styles.sure} role="group" aria-label={`Delete ${saved.name}?`}>
          Delete “{saved.name}”? Nobody is deleted with it.
          <Button size="xs" variant="default" onClick={() => setNaming(null)}>
            Keep
          </Button>
          <Button size="xs" className={styles.danger} loading={removing.isPending} onClick={() => removing.mutate()}>
            Delete
          </Button>
        </span>
      )}
      {(naming === "new" || naming === "rename") && (
        <form
          className={styles.name}
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim()) saving.mutate();
          }}
        >
          <TextInput
            size="xs" autoFocus aria-label="Name of the filter" placeholder="Name of the filter" value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={80}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              event.preventDefault();
              setNaming(null);
            }}
          />
          <Button size="xs" type="submit" loading={saving.isPending} disabled={!name.trim()}>
            Save
          </Button>
          <Button size="xs" variant="default" onClick={() => setNaming(null)}>
            Cancel
          </Button>
        </form>
      )}
      {naming === null && (
        <>
          {changed && (
            <Button size="xs" loading={updating.isPending} onClick={() => updating.mutate()}>
              Save changes
            </Button>
          )}
          {definition !== null && (
            <Button size="xs" variant={saved ? "default" : "filled"} onClick={() => ask("new")}>
              {saved ? "Save as new" : "Save filter"}
            </Button>
          )}
          {saved && (
            <>
              <Button size="xs" variant="default" onClick={() => ask("rename")}>
                Rename
              </Button>
              <Button size="xs" variant="default" leftSection={<Trash2 size={14} aria-hidden="true" />} onClick={() => setNaming("delete")}>
                Delete
              </Button>
            </>
          )}
        </>
      )}
      <Failure brief error={problem} />
    </div>
  );
}
