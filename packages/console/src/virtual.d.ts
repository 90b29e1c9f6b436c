/** Method and path of each route by its id; the build makes it from the contract. */
declare module 'virtual:routes' {
  export const routes: Readonly<Record<string, string>>
}
