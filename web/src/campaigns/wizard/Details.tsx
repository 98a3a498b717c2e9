// What it is called, what it is for, and which number it comes from.
import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { numbersQuery } from "../../filters/numbers";
import { useOptions } from "../../filters/useFields";
import { faultsAt } from "./steps";
import { Card, Wrong } from "./Card";
import type { StepProps } from "./step";

export function Details({ drafting, survey }: StepProps) {
  const { draft, change } = drafting;
  const [blank, setBlank] = useState(false); // it is not saved without a name, and keeps its last one
  return (
    <Card title="Details" lead="For you and your colleagues: nobody who gets a text of it sees this.">
      <TextInput
        label="Name" maxLength={120} autoComplete="off" value={blank ? "" : draft.name} error={blank ? "Give the campaign a name." : undefined}
        onChange={(event) => {
          const name = event.currentTarget.value;
          setBlank(name.trim() === "");
          if (name.trim() !== "") change({ name });
        }}
      />
      <Textarea label="Description" autosize minRows={3} maxRows={8} maxLength={2_000} value={draft.description} placeholder="What it is for, whom it is for, what to learn from it" onChange={(event) => change({ description: event.currentTarget.value })} />
      <Wrong sentences={survey ? faultsAt("details", survey.faults).map((one) => one.sentence) : []} />
    </Card>
  );
}

/** The number that people who never had a text from us get it from. */
export function FromNumber({ drafting }: Pick<StepProps, "drafting">) {
  const numbers = (useOptions().our_number ?? []) as { value: string; label: string }[];
  const none = useQuery(numbersQuery).data?.numbers.length === 0;
  const { number_id: chosen } = drafting.draft.plan;
  if (none) return <NativeSelect label="Sent from" description="A campaign needs a number that texts can leave from. Whoever runs this server adds it." disabled value="" data={[{ value: "", label: "No number yet" }]} />;
  return (
    <NativeSelect
      label="Sent from" description="Who has had texts from you goes on getting them from the number that they know." value={chosen === null ? "" : String(chosen)}
      data={[{ value: "", label: "Your first number that is everybody's" }, ...(chosen !== null && !numbers.some((one) => one.value === String(chosen)) ? [{ value: String(chosen), label: "(removed)" }] : []), ...numbers]}
      onChange={(event) => drafting.plan({ number_id: event.currentTarget.value ? Number(event.currentTarget.value) : null })}
    />
  );
}
