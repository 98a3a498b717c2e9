// What they get: one text, or several of which each has a share; how it reads for each of them, and what it costs.
import { Button, TextInput } from "@mantine/core";
import { Plus } from "lucide-react";
import { askedFor } from "../../bulk/bulk";
import type { Variant } from "../../gen/wire";
import { people } from "../../people/rows";
import { useWarnings } from "../wording";
import { Card, Wrong } from "./Card";
import { FromNumber } from "./Details";
import { Counted } from "./Side";
import { SampleText } from "./SampleText";
import { Words } from "./Words";
import { evenly, MOST_VARIANTS, sumOf } from "./shares";
import { faultsAt } from "./steps";
import type { StepProps } from "./step";
import wizard from "./Wizard.module.css";
import styles from "./Message.module.css";

export function Message(props: StepProps) {
  const { drafting, survey } = props;
  const { variants, answers } = drafting.draft.plan;
  const put = (next: readonly Variant[]) => drafting.plan({ variants: [...next] });
  const asked = askedFor(survey?.found?.names ?? {}, answers);
  const sum = sumOf(variants);
  const warnings = useWarnings(variants.map(({ body }) => body));
  return (
    <div className={wizard.columns}>
      <div className={wizard.column}>
        <Card title={variants.length > 1 ? "Texts" : "Text"} lead={variants.length > 1 ? "Each recipient gets one of them, by lot at the launch." : "Each gets it alone, in a conversation of their own."}>
          {variants.map((one, index) => (
            <Words
              key={index} variant={one} index={index} of={variants.length} warnings={warnings(index)} onChange={(over) => put(variants.map((old, at) => (at === index ? { ...old, ...over } : old)))}
              onRemove={() => put(evenly(variants.filter((_, at) => at !== index)))}
            />
          ))}
          <div className={styles.more}>
            {variants.length < MOST_VARIANTS && (
              <Button variant="default" leftSection={<Plus size={16} aria-hidden="true" />} onClick={() => put(evenly([...variants, { body: variants.at(-1)?.body ?? "", share: 0 }]))}>
                {variants.length === 1 ? "Try another wording beside it" : "Another wording"}
              </Button>
            )}
            {variants.length > 1 && sum !== 100 && (
              <p className={styles.sum} role="status">
                The shares add up to {sum} %, not to 100 %.{" "}
                <button type="button" onClick={() => put(evenly(variants))}>
                  Share evenly
                </button>
              </p>
            )}
          </div>
        </Card>
        {asked.length > 0 && (
          <Card title="What some of them lack" lead="Whoever has no value gets no text, unless you say what to write instead.">
            {asked.map((name) => (
              <TextInput
                key={name} label={name.replaceAll("_", " ")} classNames={{ label: styles.token ?? "" }} value={answers[name] ?? ""} maxLength={200} autoComplete="off"
                description={survey?.found?.names[name] ? `${people(survey.found.names[name])} without it.` : "Written where it is not known."}
                onChange={(event) => drafting.plan({ answers: { ...answers, [name]: event.currentTarget.value } })}
              />
            ))}
          </Card>
        )}
        <Card title="Number">
          <FromNumber drafting={drafting} />
        </Card>
        <Wrong sentences={survey ? faultsAt("message", survey.faults).map((one) => one.sentence) : []} />
      </div>
      <aside className={wizard.side} aria-label="How it reads">
        <SampleText {...props} />
        <Counted {...props} />
      </aside>
    </div>
  );
}
