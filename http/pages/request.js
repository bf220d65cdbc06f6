// The form of an operation, made from its schema: what is written in it becomes the request, and the same as curl.
import { element, fail } from "/ui/api.js";
import { answerPlace } from "/ui/answer.js";
import { action, submits } from "/ui/evidence.js";
import { about, deeper, mayBeNull, members, resolved, sample } from "/ui/schema.js";
import { told } from "/ui/told.js";

const PLACES = { path: "In the path", query: "In the query", header: "Headers" };
const EVENTS = "text/event-stream";
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;

const kindsOf = (schema) => new Set(members(schema).map((each) => (each.enum ? "enum" : resolved(each).type || "anything")));

function choice(values, required) {
  const field = element("select");
  field.append(new Option(required ? "choose …" : "left out", ""), ...values.map((each) => new Option(String(each), String(each))));
  return field;
}

function area(words) {
  const field = element("textarea");
  field.rows = 1;
  field.placeholder = words;
  return field;
}

// What one writes a value in: the simplest that holds all that it may be.
function inputFor(schema, inBody, required) {
  const kinds = kindsOf(schema);
  if (kinds.size === 1 && kinds.has("enum")) return choice(members(schema).flatMap((each) => each.enum), required);
  if (kinds.size === 1 && kinds.has("boolean")) return choice([true, false], required);
  if (inBody && ["object", "array", "anything"].some((each) => kinds.has(each))) return area(kinds.has("string") ? "text, or JSON" : "JSON");
  if (inBody && kinds.has("string")) return area("");
  const field = element("input");
  if (kinds.has("array")) field.placeholder = "one, another";
  if (!kinds.has("string") && !kinds.has("array")) field.inputMode = "decimal";
  return field;
}

// The text of a field as JSON; throws an Error that says what would do.
function tokenOf(text, schema) {
  const kinds = kindsOf(schema);
  const isText = kinds.has("string");
  if (kinds.has("enum") && kinds.size === 1) return JSON.stringify(members(schema).flatMap((each) => each.enum).find((each) => String(each) === text));
  if (isText && !/^\s*[[{"]/.test(text)) return NUMBER.test(text) && (kinds.has("integer") || kinds.has("number")) ? text : JSON.stringify(text);
  if (isText && kinds.size === 1) return JSON.stringify(text);
  try {
    const value = JSON.parse(text);
    if ((kinds.has("integer") || kinds.has("number")) && kinds.size <= 2 && typeof value !== "number" && !(value === null && mayBeNull(schema))) throw new Error();
    return text;
  } catch {
    if (isText) return JSON.stringify(text);
    throw new Error(kinds.has("integer") || kinds.has("number") ? "Write a number." : "That is no JSON. A text stands in quotes, a list in [ ], an object in { }.");
  }
}

// Outside a body there is no null: what is left out is not there.
function outside(schema) {
  const { anyOf, ...rest } = schema;
  const all = members(schema);
  return !anyOf ? schema : all.length === 1 ? { ...rest, ...all[0] } : { ...rest, anyOf: all };
}

function fieldOf({ name, place, schema, required = false, description }) {
  const whole = element("div", undefined, "field");
  const field = inputFor(schema, place === "body", required);
  field.name = `${place}.${name}`;
  field.required = required;
  field.setAttribute("aria-label", name);
  field.setAttribute("autocomplete", "off");
  field.spellcheck = false;
  whole.append(about(name, schema, required, description), field);
  const token = () => {
    field.setCustomValidity("");
    if (field.value === "") return undefined;
    if (place === "header" && /[^\t -~\xa0-\xff]/.test(field.value)) {
      field.setCustomValidity("A header holds Latin letters, digits and signs only.");
      return undefined;
    }
    if (place !== "body") return field.value;
    try {
      return tokenOf(field.value, schema);
    } catch (error) {
      field.setCustomValidity(error.message);
      return undefined;
    }
  };
  return { name, place, schema, required, field, whole, token };
}

function grouped(title, fields, ...more) {
  const whole = element("fieldset");
  whole.append(element("legend", title), ...more, ...fields.map((each) => each.whole));
  return whole;
}

const objectOf = (pairs) => `{${pairs.map(([name, token]) => `${JSON.stringify(name)}: ${token}`).join(", ")}}`;

// The body: a field for each of a record's, or the whole as JSON, which takes lists and null too.
function bodyOf(operation) {
  const schema = operation.requestBody?.content["application/json"].schema;
  if (!schema) return { parts: [], text: () => undefined, shown: () => undefined };
  const record = resolved(schema);
  const needed = record.required || [];
  const fields = Object.entries(record.properties || {}).map(([name, each]) => fieldOf({ name, place: "body", schema: each, required: needed.includes(name) }));
  const pairs = () => fields.map((each) => [each, each.token()]);
  const given = (spare) => objectOf(pairs().map(([each, token]) => [each.name, token ?? (spare && each.required ? JSON.stringify(sample(each.schema)) : undefined)]).filter(([, token]) => token !== undefined));
  const whole = area("JSON");
  whole.name = "body";
  whole.rows = 6;
  whole.spellcheck = false;
  whole.setAttribute("aria-label", "Body as JSON");
  const box = element("input");
  box.type = "checkbox";
  const label = element("label", undefined, "as-json");
  label.append(box, "write the whole as JSON");
  const change = () => {
    whole.hidden = !box.checked;
    for (const each of fields) each.field.hidden = each.field.disabled = box.checked;
    if (box.checked) whole.value = fields.length ? JSON.stringify(JSON.parse(given(true)), null, 2) : JSON.stringify(sample(schema), null, 2);
  };
  box.addEventListener("change", change);
  box.checked = label.hidden = !fields.length;
  change();
  const text = () => {
    if (!box.checked) return given(false);
    return whole.value.trim() || undefined; // as it stands: the server says what is wrong with it
  };
  const parts = [grouped("Body, JSON", fields, label, whole, ...(fields.length ? [] : deeper(schema)))];
  return { parts, text, shown: () => (box.checked ? whole.value.trim() : given(true)) };
}

// Whether the answer or its events are wanted, where both can be had.
function acceptOf(operation) {
  const kinds = Object.keys(operation.responses[operation.responses["201"] ? "201" : "200"]?.content || {});
  if (!kinds.includes(EVENTS)) return null;
  const label = element("label", "Answer");
  const field = element("select");
  field.name = "accept";
  field.append(...kinds.sort().map((each) => new Option(each === EVENTS ? "its events, live" : `the answer (${each})`, each)));
  label.append(field);
  return { label, field };
}

const quotedForShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl({ method, path, headers, body }, operation) {
  const lines = [`curl ${headers.Accept === EVENTS ? "-N " : ""}${method === "GET" ? "" : `-X ${method} `}${quotedForShell(location.origin + path)}`];
  if (operation["x-permission"] !== "public") lines.push('-H "Authorization: Bearer $NEEDLEWORK_TOKEN"');
  lines.push(...Object.entries(headers).map(([name, value]) => `-H ${quotedForShell(`${name}: ${value}`)}`));
  if (body !== undefined) lines.push(`-d ${quotedForShell(body)}`);
  return lines.join(" \\\n  ");
}

// The request as the form has it; for the example, `spare` stands in for what is still missing.
function requestOf(operation, fields, accept, body, spare) {
  const of = (place) => fields.filter((each) => each.place === place).map((each) => [each, each.token()]);
  let path = operation.path;
  for (const [each, value] of of("path")) path = path.replace(`{${each.name}}`, () => (value === undefined ? each.name.toUpperCase() : encodeURIComponent(value)));
  const query = new URLSearchParams();
  for (const [each, value] of of("query")) {
    if (value !== undefined || (spare && each.required)) query.set(each.name, value ?? sample(each.schema));
  }
  const headers = Object.fromEntries(of("header").filter(([, value]) => value !== undefined).map(([each, value]) => [each.name, value]));
  if (accept?.field.value === EVENTS) headers.Accept = EVENTS;
  return { method: operation.method, path: `${path}${query.size ? `?${query}` : ""}`, headers, body };
}

function example() {
  const place = element("pre", undefined, "curl");
  place.tabIndex = 0;
  const whole = element("div");
  const copy = action("Copy", async () => {
    await navigator.clipboard.writeText(place.textContent);
    told("Copied.");
  });
  const line = element("p", undefined, "actions");
  line.append(element("b", "With curl"), ...(navigator.clipboard ? [copy] : []));
  whole.append(line, place, element("p", "Where no token is asked for, as mostly on the machine itself, leave that line out.", "quiet"));
  return { whole, place };
}

function warning(operation, here) {
  const changes = !["GET", "HEAD"].includes(operation.method);
  return changes
    ? element("p", `May change data: it is sent at once, to the workspace ${here.name}, as ${here.principal.name}. Nothing is asked again.`, "warning")
    : element("p", "Only reads.", "quiet");
}

// The form, and what ends a stream that it started.
export function requestForm(operation, here) {
  const form = element("form", undefined, "request");
  form.setAttribute("aria-label", `${operation.method} ${operation.path}`);
  const fields = operation.parameters.map((each) => fieldOf({ ...each, place: each.in, schema: outside(each.schema) }));
  const body = bodyOf(operation);
  const accept = acceptOf(operation);
  const shown = example();
  const answer = answerPlace();
  const own = (place) => fields.filter((each) => each.place === place);
  const group = (place) => (own(place).length ? [grouped(PLACES[place], own(place))] : []);
  const send = action("Send", async () => {
    const request = requestOf(operation, fields, accept, body.text(), false);
    if (!form.reportValidity()) return;
    await answer.send(request).catch(fail);
  });
  const line = element("p", undefined, "actions");
  line.append(...(accept ? [accept.label] : []), send, answer.ending);
  form.append(...group("path"), ...group("query"), ...body.parts, ...group("header"), warning(operation, here), line, answer.whole, shown.whole);
  submits(form, send);
  const write = () => {
    shown.place.textContent = curl(requestOf(operation, fields, accept, body.shown(), true), operation);
  };
  form.addEventListener("input", write);
  form.addEventListener("change", write);
  write();
  return { form, stop: answer.stop };
}
