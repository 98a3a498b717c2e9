// Makes a draft, empty or of a template, and goes to its first step.
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { Failure } from "../../parts/Failure";
import { Page } from "../../parts/Page";
import { useCommand } from "../../parts/useCommand";
import { campaignsApi, draftQuery, forgetCampaigns } from "../drafts";

const NAME = "New campaign";

export function NewCampaign() {
  const { template } = useSearch({ from: "/inside/sms/campaigns/new" });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const command = useCommand(); // drawn or tried twice, it is one draft
  const [problem, setProblem] = useState<Error | null>(null);
  const make = useCallback(() => {
    setProblem(null);
    const cmdId = command.idOf(template ?? null);
    (template === undefined ? campaignsApi.create(NAME, cmdId) : campaignsApi.duplicate(template, cmdId))
      .then(async (draft) => {
        queries.setQueryData(draftQuery(draft.id).queryKey, draft);
        void forgetCampaigns(queries);
        await navigate({ to: "/sms/campaigns/$campaignId/edit/$step", params: { campaignId: String(draft.id), step: "details" }, replace: true });
      })
      .catch(setProblem);
  }, [command, navigate, queries, template]);
  useEffect(make, [make]);
  return (
    <Page
      title="New campaign"
      back={
        <Link to="/sms/campaigns" search={{}}>
          <ChevronLeft size={16} aria-hidden="true" /> Campaigns
        </Link>
      }
    >
      <Failure error={problem} onAgain={make} />
    </Page>
  );
}
