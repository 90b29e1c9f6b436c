/** The bootstrap superuser of every cluster; only Lakelet itself logs in as it. */
export const ADMIN_ROLE = 'cloud_admin'

/** Applications of this name prefix are Lakelet's own and do not count as activity. */
export const OWN_APPLICATION_PREFIX = 'lakelet_'
