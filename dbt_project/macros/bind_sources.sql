{#
    Make a view for every source table that the selected models read, over exactly the files that
    Python listed in $STOCKPLAN_WORK/inputs.parquet (table_name, path). A glob would read both
    versions of a re-sealed partition; the list cannot. Then every other file is shut: no text of a
    source and no model can read or write beyond these files and the work folder.
#}
{% macro bind_sources() %}
    {% if execute and flags.WHICH in ['build', 'run', 'test'] %}
        {% set wanted = [] %}
        {% for resource in selected_resources %}
            {% set node = graph.nodes.get(resource) %}
            {% for parent in (node.depends_on.nodes if node else []) if parent in graph.sources %}
                {% do wanted.append(parent) %}
            {% endfor %}
        {% endfor %}
        {% set files = input_files() if wanted else {} %}
        {% for source_id in wanted | unique | sort %}
            {% set table = graph.sources[source_id] %}
            {% if table.name not in files %}
                {{ exceptions.raise_compiler_error(
                    "Source table " ~ table.name ~ " is not listed in " ~ work_folder()
                    ~ "/inputs.parquet: write the inputs of this business date first."
                ) }}
            {% endif %}
            {% do run_query("create schema if not exists " ~ table.schema) %}
            {% do run_query(
                "create or replace view " ~ table.schema ~ "." ~ table.identifier
                ~ " as select * from read_parquet([" ~ files[table.name] ~ "], union_by_name = true)"
            ) %}
        {% endfor %}
        {% do shut_other_files(files) %}
    {% endif %}
{% endmacro %}

{#
    Let the connection reach the given files and the work folder, and nothing else, for as long as it
    is open: DuckDB does not open again what is shut. It loads no extension and asks no network either.
#}
{% macro shut_other_files(files) %}
    {% set answer = run_query("select current_setting('enable_external_access') as is_open") %}
    {% if answer.rows[0][0] %}
        {% set folder = work_folder() | replace("'", "''") %}
        {% do run_query("set allowed_paths = [" ~ files.values() | join(', ') ~ "]") %}
        {% do run_query("set allowed_directories = ['" ~ folder ~ "']") %}
        {% do run_query("set enable_external_access = false") %}
    {% endif %}
{% endmacro %}

{# Table name -> its files as quoted SQL literals. Lists do not survive agate, text does. #}
{% macro input_files() %}
    {% set rows = run_query(
        "select table_name, string_agg('''' || replace(path, '''', '''''') || '''', ', ' order by path)"
        ~ " from read_parquet('" ~ work_folder() | replace("'", "''") ~ "/inputs.parquet') group by table_name"
    ) %}
    {% set files = {} %}
    {% for row in rows.rows %}
        {% do files.update({row[0]: row[1]}) %}
    {% endfor %}
    {{ return(files) }}
{% endmacro %}

{% macro work_folder() %}
    {{ return(env_var('STOCKPLAN_WORK', 'target/work')) }}
{% endmacro %}
