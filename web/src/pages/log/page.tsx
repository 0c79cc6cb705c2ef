import { getRouteApi, Link } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { useTitle } from "../../shell/page.tsx";
import { LogView } from "./view.tsx";

const route = getRouteApi("/shell/logs/$id");

/** One log on a page of its own: the permanent link. */
export function LogPage() {
  const { id } = route.useParams();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  useTitle(`Log ${id}`);
  return (
    <div className="log-page">
      <Link className="back" to="/logs">
        <ChevronLeft size={14} aria-hidden />
        Logs
      </Link>
      <LogView id={id} tab={tab} onTab={(next) => void navigate({ search: { tab: next }, replace: true })} heading="h1" />
    </div>
  );
}
