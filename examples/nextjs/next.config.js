/** @type {import('next').NextConfig} */
export default {
  // Both stay what npm installed: bundled, there would be a copy of them in each page.
  serverExternalPackages: ['pg', 'lakelet-connect'],
}
