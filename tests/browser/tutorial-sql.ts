// What the tutorial types into the SQL editor.

/** Step 2 of the tutorial: the role of the app, its grants, the table and its rows. */
export function tutorialSql(client: string): string {
  return `-- Enable the Databricks authentication extension
CREATE EXTENSION IF NOT EXISTS databricks_auth;
SELECT databricks_create_role('${client}', 'service_principal');
GRANT CONNECT ON DATABASE databricks_postgres TO "${client}";
GRANT CREATE, USAGE ON SCHEMA public TO "${client}";
CREATE TABLE notes (
id SERIAL PRIMARY KEY,
content TEXT NOT NULL,
created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE notes TO "${client}";
INSERT INTO notes (content) VALUES
('Welcome to Lakebase Autoscaling!'),
('This app connects to Postgres'),
('Data fetched from your database');`
}
