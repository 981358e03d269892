from django.db import migrations

from conversations.search import searchable

BATCH = 2_000
_READ = "SELECT id, organization_id, body FROM conversations_message WHERE body <> '' AND id > %s ORDER BY id LIMIT %s"
_WRITE = """
UPDATE conversations_message SET search = array_to_tsvector(string_to_array(new.words, ' '))
FROM unnest(%s::uuid[], %s::text[]) AS new(id, words) WHERE conversations_message.id = new.id
"""


def index_again(apps, schema_editor):
    """Write the words of messages that were stored before each word began with a key of its organization."""
    last = "00000000-0000-0000-0000-000000000000"
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(_READ, [last, BATCH])
            if not (rows := cursor.fetchall()):
                return
            cursor.execute(_WRITE, [[row[0] for row in rows], [searchable(row[1], row[2]) for row in rows]])
            last = rows[-1][0]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0002_composite_keys")]

    operations = [migrations.RunPython(index_again, migrations.RunPython.noop, elidable=True)]
