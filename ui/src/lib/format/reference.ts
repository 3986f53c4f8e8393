// The description of the API as a list for people. Pure.

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly about: string;
  /** The shape that it refers to. */
  readonly shape: string | null;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly about: string;
  readonly parameters: readonly Field[];
  readonly body: string | null;
  readonly answer: string | null;
}

export interface Shape {
  readonly name: string;
  readonly about: string;
  readonly fields: readonly Field[];
  /** What it can be, where it is one of several. */
  readonly variants: readonly { readonly name: string; readonly fields: readonly Field[] }[];
  readonly values: readonly string[];
}

export interface Reference {
  readonly about: string;
  readonly groups: readonly { readonly tag: string; readonly operations: readonly Operation[] }[];
  readonly shapes: ReadonlyMap<string, Shape>;
}

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: string[];
  const?: string;
  title?: string;
  description?: string;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

interface Content {
  content?: Record<string, { schema?: Schema }>;
}

interface Described {
  operationId?: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: { name: string; schema?: Schema; required?: boolean; description?: string }[];
  requestBody?: Content;
  responses?: Record<string, Content>;
}

interface Document {
  info: { description?: string };
  paths: Record<string, Record<string, Described>>;
  components?: { schemas?: Record<string, Schema> };
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const last = (reference: string) => reference.split('/').at(-1) ?? '';

export function reference(document: unknown): Reference {
  const { info, paths, components } = document as Document;
  const groups = new Map<string, Operation[]>();
  for (const [path, item] of Object.entries(paths)) {
    for (const method of METHODS) {
      const found = item[method];
      if (found === undefined) continue;
      const tag = found.tags?.[0] ?? 'other';
      groups.set(tag, [...(groups.get(tag) ?? []), operation(`/api${path}`, method, found)]);
    }
  }
  const schemas = Object.entries(components?.schemas ?? {});
  return {
    about: info.description ?? '',
    groups: [...groups].map(([tag, operations]) => ({ tag, operations })),
    shapes: new Map(schemas.map(([name, schema]) => [name, shape(name, schema)])),
  };
}

function operation(path: string, method: string, found: Described): Operation {
  const parameters = (found.parameters ?? []).map((it) => field(it.name, it.schema ?? {}, it.required === true, it.description));
  return {
    id: found.operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    summary: found.summary ?? '',
    about: found.description ?? '',
    parameters,
    body: shapeOf(found.requestBody),
    answer: shapeOf(found.responses?.['200']),
  };
}

function shapeOf(part: Content | undefined): string | null {
  const reference = Object.values(part?.content ?? {})[0]?.schema?.$ref;
  return reference === undefined ? null : last(reference);
}

function shape(name: string, schema: Schema): Shape {
  const variants = (schema.oneOf ?? schema.anyOf ?? []).map((it) => {
    const list = fields(it);
    // The word that tells this one from the others.
    const word = list.find((entry) => entry.type.startsWith('"'));
    return { name: word?.type ?? it.title ?? it.const ?? typeOf(it), fields: list };
  });
  return { name, about: schema.description ?? '', fields: fields(schema), variants, values: schema.enum ?? [] };
}

function fields(schema: Schema): Field[] {
  const required = new Set(schema.required);
  const own = Object.entries(schema.properties ?? {}).map(([name, it]) => field(name, it, required.has(name), it.description));
  const parts = (schema.allOf ?? []).flatMap((part) => (part.$ref === undefined ? fields(part) : [field('…', part, true, 'all of it')]));
  return [...parts, ...own];
}

function field(name: string, schema: Schema, required: boolean, about = ''): Field {
  const found = /"\$ref":"[^"]*\/([^"/]+)"/.exec(JSON.stringify(schema));
  return { name, type: typeOf(schema), required, about, shape: found?.[1] ?? null };
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return last(schema.$ref);
  const options = schema.oneOf ?? schema.anyOf;
  if (options !== undefined) return options.map(typeOf).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((it) => JSON.stringify(it)).join(' or ');
  const types = [schema.type ?? 'any'].flat();
  return types.map((type) => (type === 'array' ? `${typeOf(schema.items ?? {})}[]` : type)).join(' or ');
}
