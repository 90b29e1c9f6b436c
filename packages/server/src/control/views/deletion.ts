/** When a resource was deleted and until when it can be undeleted, where it was. */
export function deletion(row: { readonly delete_time: string | null; readonly purge_time: string | null }): {
  delete_time?: string
  purge_time?: string
} {
  return {
    ...(row.delete_time === null ? {} : { delete_time: row.delete_time }),
    ...(row.purge_time === null ? {} : { purge_time: row.purge_time }),
  }
}
