import openapiTS, { astToString } from 'openapi-typescript';

/** The types of the API as they lie in the repository. */
export async function declarations(description) {
  const note = '// Made by `make schema` from openapi.json, which the server writes. Not to be edited.\n\n';
  return note + astToString(await openapiTS(description));
}
