import { sql } from 'drizzle-orm';
import type { Database } from '../store/database.ts';

/** A table's rows as JSON, one a line, so that either kind of database reads what the other has written. */
export interface TableDump {
  readonly name: string;
  readonly lines: string;
}

/** All tables as they were at one moment; each after those that it refers to. */
export async function dumpTables(database: Database): Promise<TableDump[]> {
  return database.transaction(
    async (tx) => {
      const dumps: TableDump[] = [];
      for (const name of await tablesOf(tx)) {
        const rows = await textsOf(tx, sql`select row_to_json(t)::text as text from ${sql.identifier(name)} t`);
        dumps.push({ name, lines: rows.map((row) => `${row}\n`).join('') });
      }
      return dumps;
    },
    { isolationLevel: 'repeatable read' },
  );
}

/** Rows that go to the database in one statement. */
const BATCH = 500;

/** Into tables that are there and empty, in the order of the dump. */
export async function fillTables(database: Database, dumps: readonly TableDump[]): Promise<void> {
  await database.transaction(async (tx) => {
    for (const { name, lines } of dumps) {
      const rows = lines.split('\n').filter((line) => line !== '');
      for (let i = 0; i < rows.length; i += BATCH) {
        const table = sql.identifier(name);
        const batch = `[${rows.slice(i, i + BATCH).join(',')}]`;
        await tx.execute(
          sql`insert into ${table} overriding system value select * from json_populate_recordset(null::${table}, ${batch}::json)`,
        );
      }
      for (const column of await countedColumns(tx, name)) {
        // What the database counts goes on behind the last that was restored.
        await tx.execute(
          sql`select setval(pg_get_serial_sequence(${name}, ${column}), coalesce(max(${sql.identifier(column)}), 0) + 1, false) from ${sql.identifier(name)}`,
        );
      }
    }
  });
}

/** Those whose values the database gives out itself, ascending. */
async function countedColumns(database: Database, table: string): Promise<string[]> {
  return textsOf(
    database,
    sql`select column_name as text from information_schema.columns
        where table_schema = 'public' and table_name = ${table} and (is_identity = 'YES' or column_default like 'nextval(%')`,
  );
}

/** Without that of the migrations, which opening a database fills. */
async function tablesOf(database: Database): Promise<string[]> {
  const names = await textsOf(
    database,
    sql`select table_name as text from information_schema.tables
        where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'migrations' order by table_name`,
  );
  const references = await textsOf(
    database,
    sql`select conrelid::regclass || ' ' || confrelid::regclass as text from pg_constraint where contype = 'f'`,
  );
  const ordered: string[] = [];
  const visit = (name: string) => {
    if (ordered.includes(name)) return;
    for (const [from, to] of references.map((pair) => pair.split(' '))) {
      if (from === name && to !== undefined && to !== name) visit(to);
    }
    ordered.push(name);
  };
  for (const name of names) visit(name);
  return ordered;
}

async function textsOf(database: Database, query: ReturnType<typeof sql>): Promise<string[]> {
  const result = (await database.execute(query)) as unknown as { rows: { text: string }[] };
  return result.rows.map(({ text }) => text);
}
