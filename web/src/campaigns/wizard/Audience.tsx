// Who gets it: everybody in any of what is chosen here, but for those who must not or should not.
import { Button, Checkbox, NumberInput, Switch } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { SlidersHorizontal } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Builder } from "../../filters/Builder";
import { conditions, type Filter } from "../../filters/filter";
import type { Sources } from "../../gen/wire";
import { importsQuery } from "../../imports/api";
import { countQuery, filtersQuery, pipelinesQuery } from "../../people/api";
import { amount, people } from "../../people/rows";
import { Card, Wrong } from "./Card";
import { Picked } from "./Picked";
import { Side } from "./Side";
import { faultsAt } from "./steps";
import type { StepProps } from "./step";
import wizard from "./Wizard.module.css";
import styles from "./Audience.module.css";

const DAYS = 7; // a campaign a week is what most people bear with

export function Audience(props: StepProps) {
  const { drafting, survey } = props;
  const { sources, leaving } = drafting.draft.plan;
  const source = (over: Partial<Sources>) => drafting.plan({ sources: { ...sources, ...over } });
  return (
    <div className={wizard.columns}>
      <div className={wizard.column}>
        <Card title="Who gets it" lead="Everybody in any of these. Whoever is in several gets one text.">
          <Checkbox label="Everybody in People" checked={sources.everybody} onChange={(event) => source({ everybody: event.currentTarget.checked })} />
          {!sources.everybody && <Sets campaign={drafting.draft.id} sources={sources} onChange={source} />}
        </Card>
        <Card title="Whom to leave out" lead="People who have opted out, whose number cannot get texts or who lack a value that the text needs are left out by themselves.">
          <Switch
            label="Whoever waits for another campaign's text" checked={leaving.in_active_campaign} onChange={(event) => drafting.plan({ leaving: { ...leaving, in_active_campaign: event.currentTarget.checked } })}
          />
          <div className={styles.recently}>
            <Switch
              label="Whoever had a text from you lately" checked={leaving.texted_within_days !== null}
              onChange={(event) => drafting.plan({ leaving: { ...leaving, texted_within_days: event.currentTarget.checked ? DAYS : null } })}
            />
            {leaving.texted_within_days !== null && (
              <NumberInput
                className={styles.days} aria-label="Days" min={1} max={3_650} allowDecimal={false} clampBehavior="strict" hideControls value={leaving.texted_within_days} suffix=" days"
                onChange={(days) => typeof days === "number" && days >= 1 && drafting.plan({ leaving: { ...leaving, texted_within_days: days } })}
              />
            )}
          </div>
        </Card>
        <Wrong sentences={survey ? faultsAt("audience", survey.faults).map((one) => one.sentence) : []} />
      </div>
      <Side {...props} />
    </div>
  );
}

const toggled = (ids: readonly number[], id: number, on: boolean): number[] => (on ? [...ids, id] : ids.filter((one) => one !== id));

interface SetsProps {
  sources: Sources;
  onChange: (over: Partial<Sources>) => void;
}

function Sets({ campaign, sources, onChange }: SetsProps & { campaign: number }) {
  const filters = useQuery(filtersQuery).data;
  const pipelines = useQuery(pipelinesQuery).data;
  const imports = useInfiniteQuery(importsQuery);
  const lists = imports.data?.pages.flatMap((page) => page.imports).filter((one) => one.state === "done");
  return (
    <>
      <div className={styles.sets}>
        <Choices title="Saved filters" none={<>Save a filter below or in <Link to="/people">People</Link>.</>} ids={sources.filter_ids} all={filters?.map((one) => ({ id: one.filter_id, name: one.name }))} onToggle={(id, on) => onChange({ filter_ids: toggled(sources.filter_ids, id, on) })} />
        <Choices
          title="Pipeline stages" none="There are no stages yet." ids={sources.stage_ids} all={pipelines?.flatMap((one) => one.stages.map((stage) => ({ id: stage.stage_id, name: stage.name, of: one.name })))}
          onToggle={(id, on) => onChange({ stage_ids: toggled(sources.stage_ids, id, on) })}
        />
        <Choices
          title="Imported lists" none={<>Bring a list in with <Link to="/people/import" search={{ campaign }}>Import</Link>.</>} ids={sources.import_ids} all={lists?.map((one) => ({ id: one.import_id, name: one.name, of: people(one.created + one.updated) }))}
          onToggle={(id, on) => onChange({ import_ids: toggled(sources.import_ids, id, on) })}
        >
          {lists !== undefined && lists.length > 0 && (
            <p>
              <Link to="/people/import" search={{ campaign }}>Import another list</Link>
            </p>
          )}
          {imports.hasNextPage && (
            <Button variant="subtle" size="xs" onClick={() => void imports.fetchNextPage()} loading={imports.isFetchingNextPage}>
              Older lists
            </Button>
          )}
        </Choices>
        <Picked ids={sources.contact_ids} onChange={(contact_ids) => onChange({ contact_ids })} />
      </div>
      <Built sources={sources} onChange={onChange} />
    </>
  );
}

interface ChoicesProps {
  title: string;
  all: readonly { id: number; name: string; of?: string }[] | undefined;
  ids: readonly number[];
  none: ReactNode;
  onToggle: (id: number, on: boolean) => void;
  children?: ReactNode;
}

function Choices({ title, all, ids, none, onToggle, children }: ChoicesProps) {
  const gone = all ? ids.filter((id) => !all.some((one) => one.id === id)).map((id) => ({ id, name: "(not listed here)" })) : [];
  return (
    <fieldset className={styles.set}>
      <legend>
        {title}
        {ids.length > 0 && <span className={styles.used}>{ids.length}</span>}
      </legend>
      <div className={styles.choices}>
        {all?.length === 0 && gone.length === 0 && <p>{none}</p>}
        {[...(all ?? []), ...gone].map((one: { id: number; name: string; of?: string }) => (
          <Checkbox key={one.id} size="sm" label={one.of ? <>{one.name} <small>{one.of}</small></> : one.name} checked={ids.includes(one.id)} onChange={(event) => onToggle(one.id, event.currentTarget.checked)} />
        ))}
        {children}
      </div>
    </fieldset>
  );
}

/** A filter for this campaign alone; saved, it is one of the saved ones. */
function Built({ sources, onChange }: SetsProps) {
  const definition = sources.definition as Filter | null;
  const [opened, open] = useState(definition !== null);
  const found = useQuery({ ...countQuery({ filter: definition, q: "" }), enabled: definition !== null });
  if (!opened)
    return (
      <Button className={styles.build} variant="default" leftSection={<SlidersHorizontal size={16} aria-hidden="true" />} onClick={() => open(true)}>
        Build a filter
      </Button>
    );
  return (
    <div className={styles.built}>
      <h3>A filter of its own{definition !== null && <small> {amount(conditions(definition))} {conditions(definition) === 1 ? "condition" : "conditions"}</small>}</h3>
      <Builder
        definition={definition} saved={null} count={definition === null ? null : (found.data?.count ?? null)} counting={found.isFetching} onChange={(next) => onChange({ definition: next as Record<string, unknown> | null })}
        onChosen={(id) => {
          onChange({ definition: null, ...(id !== undefined && { filter_ids: [...sources.filter_ids, id] }) });
          if (id !== undefined) open(false);
        }}
        onClose={() => {
          onChange({ definition: null });
          open(false);
        }}
      />
    </div>
  );
}
