/** What the id of a new project, branch or snapshot has to be; the server checks it as well. */
export const RESOURCE_ID = /^[a-z][a-z0-9-]{0,62}$/
