import { Brain, Bot, ChevronRight, FileText, ImageOff, Settings2, UserRound, Wrench, type LucideIcon } from "lucide-react";
import { useMemo } from "react";
import type { Json, LogDetail } from "../../api/types.ts";
import { replyMessages, requestMessages, requestTools, type Message, type Part, type Tool } from "../../conversation/conversation.ts";
import { isObject, pretty } from "../../lib/json.ts";
import { plural } from "../../lib/format.ts";
import { CopyButton } from "../../ui/copy.tsx";
import { JsonView } from "../../ui/json-view.tsx";
import { Warning } from "../../ui/states.tsx";
import { readReply } from "./bodies.ts";

/** The request and its reply as a conversation. */
export function ConversationTab({ log }: { log: LogDetail }) {
  const reply = useMemo(() => readReply(log.response.body), [log]);
  const asked = useMemo(() => requestMessages(log.request.body), [log]);
  const answered = useMemo(() => replyMessages(reply.body), [reply]);
  const tools = useMemo(() => requestTools(log.request.body), [log]);
  return (
    <div className="tab-body conversation">
      <Settings body={log.request.body} />
      {tools.length > 0 && <ToolList tools={tools} />}
      {asked.length > 0 ? asked.map((m, i) => <MessageView key={i} message={m} />) : <Other title="Request" body={log.request.body} />}
      <h2 className="divider">
        <span>Reply</span>
      </h2>
      {answered.map((m, i) => (
        <MessageView key={i} message={m} />
      ))}
      {answered.length === 0 && <Other title="Reply" body={reply.body} />}
      {reply.stream?.error && <Warning>{`The stream ended with an error: ${reply.stream.error}`}</Warning>}
      {reply.stream && !reply.stream.complete && !reply.stream.error && (
        <Warning>The stream was cut after {plural(reply.stream.events, "event")}; this is what had arrived.</Warning>
      )}
    </div>
  );
}

const roles: Record<string, { label: string; icon: LucideIcon }> = {
  system: { label: "System", icon: Settings2 },
  developer: { label: "Developer", icon: Settings2 },
  user: { label: "User", icon: UserRound },
  assistant: { label: "Assistant", icon: Bot },
  tool: { label: "Tool", icon: Wrench },
};

/** One message, whatever it holds. */
export function MessageView({ message }: { message: Message }) {
  const role = roles[message.role] ?? { label: message.role, icon: FileText };
  const text = message.parts.flatMap((p) => (p.kind === "text" ? [p.text] : [])).join("\n\n");
  return (
    <article className={`message ${message.role in roles ? message.role : "other"}`} aria-label={role.label}>
      <header>
        <role.icon size={14} aria-hidden />
        <span className="strong">{role.label}</span>
        {message.name && <span className="muted">{message.name}</span>}
        {message.finish && <Finish reason={message.finish} />}
        {text && <CopyButton text={text} label={`Copy ${role.label.toLowerCase()} text`} />}
      </header>
      {message.parts.map((part, i) => (
        <PartView key={i} part={part} />
      ))}
      {message.parts.length === 0 && <p className="muted">(empty)</p>}
    </article>
  );
}

// Anything but a natural end is worth noticing.
function Finish({ reason }: { reason: string }) {
  const natural = ["stop", "end_turn", "STOP", "completed", "tool_calls", "tool_use"].includes(reason);
  return <span className={natural ? "badge" : "badge warn"}>{reason}</span>;
}

function PartView({ part }: { part: Part }) {
  switch (part.kind) {
    case "text":
      return <p className="prose">{part.text}</p>;
    case "refusal":
      return <p className="prose refusal">{part.text}</p>;
    case "thinking":
      return (
        <details className="fold thinking">
          <summary>
            <ChevronRight size={13} aria-hidden />
            <Brain size={13} aria-hidden /> Thinking
          </summary>
          <p className="prose">{part.text}</p>
        </details>
      );
    case "image":
      return <Image url={part.url} />;
    case "file":
      return (
        <p className="attachment">
          <FileText size={14} aria-hidden /> {part.name}
        </p>
      );
    case "tool_call":
      return (
        <div className="tool">
          <p>
            <Wrench size={13} aria-hidden /> calls <code className="strong">{part.name}</code> <code className="muted truncate">{part.id}</code>
          </p>
          <JsonView text={part.args} label={`Arguments of ${part.name}`} />
        </div>
      );
    case "tool_result":
      return (
        <div className="tool">
          <p>
            <Wrench size={13} aria-hidden /> {part.failed ? "failed" : "result"} <code className="muted truncate">{part.id}</code>
          </p>
          <JsonView text={part.text} label="Tool result" />
        </div>
      );
    case "json":
      return <JsonView text={pretty(part.value)} label="Content" />;
  }
}

// Only pictures that are in the log itself are drawn: fetching others would tell
// their host who reads which log.
function Image({ url }: { url: string }) {
  if (/^data:image\/(png|jpeg|gif|webp);base64,/.test(url)) return <img className="picture" src={url} alt="In the message" />;
  return (
    <p className="attachment">
      <ImageOff size={14} aria-hidden />
      {/^https?:\/\//.test(url) ? (
        <a href={url} target="_blank" rel="noreferrer noopener">
          {url}
        </a>
      ) : (
        <code className="truncate">{url.slice(0, 120)}</code>
      )}
    </p>
  );
}

const content = new Set(["messages", "input", "contents", "prompt", "system", "instructions", "tools", "query", "documents", "systemInstruction", "model"]);

// The parameters beside the content, as one quiet line.
function Settings({ body }: { body: Json }) {
  if (!isObject(body)) return null;
  const rest = Object.entries(body).filter(([name]) => !content.has(name));
  if (rest.length === 0) return null;
  return (
    <dl className="settings">
      {rest.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="mono truncate" title={JSON.stringify(value)}>
            {JSON.stringify(value)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function ToolList({ tools }: { tools: Tool[] }) {
  return (
    <details className="fold">
      <summary>
        <ChevronRight size={13} aria-hidden />
        <Wrench size={13} aria-hidden /> {plural(tools.length, "tool")} offered: {tools.map((t) => t.name).join(", ")}
      </summary>
      {tools.map((t) => (
        <div className="tool" key={t.name}>
          <p>
            <code className="strong">{t.name}</code> <span className="muted">{t.description}</span>
          </p>
          {t.schema !== null && <JsonView text={pretty(t.schema)} label={`Parameters of ${t.name}`} />}
        </div>
      ))}
    </details>
  );
}

function Other({ title, body }: { title: string; body: Json }) {
  if (body === null || body === undefined || body === "") return <p className="muted">No body was kept.</p>;
  return <JsonView text={pretty(body)} label={title} />;
}
