// JSON Schemas in words: what a field may be, within which bounds, what it means; what lies deeper opens on demand.
import { element } from "/ui/api.js";

const REF = "#/components/schemas/";
const PLAIN = { string: "text", integer: "whole number", number: "number", boolean: "true or false", object: "object", null: "null" };
let parts = {};

export function know(components) {
  parts = components;
}

export const nameOf = (schema) => (schema.$ref ? schema.$ref.slice(REF.length) : "");
export const resolved = (schema) => (schema.$ref ? parts[nameOf(schema)] || {} : schema);

// What a value may be, null left out: mostly one.
export function members(schema) {
  const all = (schema.anyOf || [schema]).flatMap((each) => (each.anyOf ? members(each) : [each]));
  return all.filter((each) => each.type !== "null");
}

export const mayBeNull = (schema) => (schema.anyOf || []).some((each) => each.type === "null");

const json = (value) => JSON.stringify(value);

export function typeOf(schema) {
  if (schema.$ref) return nameOf(schema);
  if (schema.anyOf) {
    const all = [...new Set(schema.anyOf.map(typeOf))];
    return all.filter((each) => each !== PLAIN.integer || !all.includes(PLAIN.number)).join(" or ");
  }
  if (schema.enum) return schema.enum.join(" or ");
  if (schema.type === "array") return `list of ${schema.items && Object.keys(schema.items).length ? typeOf(schema.items) : "anything"}`;
  if (schema.type === "object" && typeof schema.additionalProperties === "object") return `object of ${typeOf(schema.additionalProperties)}`;
  return [PLAIN[schema.type] || "anything", schema.format].filter(Boolean).join(", ");
}

function range(least, most, unit) {
  if (least === undefined && most === undefined) return "";
  if (most === undefined) return `at least ${least.toLocaleString()}${unit}`;
  return least === undefined ? `at most ${most.toLocaleString()}${unit}` : `${least.toLocaleString()} to ${most.toLocaleString()}${unit}`;
}

function boundsOf(schema) {
  const found = [
    range(schema.minLength, schema.maxLength, " characters"),
    range(schema.minimum, schema.maximum, ""),
    range(schema.exclusiveMinimum, schema.exclusiveMaximum, ", these not themselves"),
    range(schema.minItems, schema.maxItems, " of them"),
    schema.pattern ? `matching ${schema.pattern}` : "",
    schema.examples ? `such as ${schema.examples.map(json).join(", ")}` : "",
  ];
  return [...found, ...(schema.anyOf || []).map(boundsOf), schema.items ? boundsOf(schema.items).replace(/^./, "each $&") : ""].filter(Boolean).join("; ");
}

// Words in which `code` stands between backquotes, as elements.
export function coded(name, words, className) {
  const made = element(name, undefined, className);
  words.replace(/\n\s+/g, (gap) => (gap.includes("\n\n") ? "\n\n" : "\n")).split(/`([^`\n]+)`/).forEach((part, index) => made.append(index % 2 ? element("code", part) : part));
  return made;
}

// Its name, type, need, bounds, default and meaning.
export function about(name, schema, required, description) {
  const whole = element("div", undefined, "field-about");
  const head = element("p");
  head.append(element("code", name), " ", element("span", typeOf(schema), "type"));
  if (required) head.append(" ", element("b", "needed"));
  const initial = schema.default === undefined || schema.default === null ? "" : `default: ${json(schema.default)}`;
  const more = [boundsOf(schema), initial].filter(Boolean).join("; ");
  whole.append(head, ...(more ? [element("p", more, "quiet")] : []));
  const meaning = description || schema.description;
  if (meaning) whole.append(coded("p", meaning, "words"));
  whole.append(...deeper(schema));
  return whole;
}

// The records in a schema, each to be opened: so one that holds itself has no end, and needs none.
export function deeper(schema) {
  if (schema.anyOf) return schema.anyOf.flatMap(deeper);
  if (schema.type === "array") return deeper(schema.items || {});
  if (schema.type === "object" && typeof schema.additionalProperties === "object") return deeper(schema.additionalProperties);
  const record = resolved(schema);
  if (!record.properties && !schema.$ref) return [];
  const whole = element("details");
  whole.append(element("summary", `${record.title || nameOf(schema) || "object"}: its fields`));
  whole.addEventListener("toggle", () => {
    if (whole.open && whole.children.length === 1) whole.append(...fieldsOf(record));
  });
  return [whole];
}

function fieldsOf(record) {
  const needed = record.required || [];
  const list = element("ul", undefined, "fields");
  for (const [name, schema] of Object.entries(record.properties || {})) {
    const item = element("li");
    item.append(about(name, schema, needed.includes(name)));
    list.append(item);
  }
  if (!list.children.length) list.append(element("li", typeOf({ ...record, $ref: undefined }), "quiet"));
  return [...(record.description ? [coded("p", record.description, "words quiet")] : []), list];
}

// A value that fits, for examples: of a record what must be there, of a list one.
export function sample(schema, depth = 0) {
  if (schema.default !== undefined && schema.default !== null) return schema.default;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return sample(members(schema).at(-1) || {}, depth);
  const record = resolved(schema);
  if (record !== schema) return depth > 4 ? {} : sample(record, depth + 1);
  if (record.type === "object") {
    const needed = (record.required || []).map((name) => [name, sample(record.properties?.[name] || {}, depth + 1)]);
    return Object.fromEntries(needed);
  }
  if (record.type === "array") return record.minItems ? [sample(record.items || {}, depth + 1)] : [];
  return { string: "…", boolean: false, integer: record.minimum ?? 0, number: record.minimum ?? 0 }[record.type] ?? null;
}
