{#
    Write down how many rows each table holds, when the run ends: whoever asks later need not open
    the work file, which nobody but dbt does.
#}
{% macro write_row_counts() %}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        copy (
            select table_name, estimated_size as row_count
            from duckdb_tables()
            where database_name = current_database()
            order by table_name
        )
        to '{{ work_folder() }}/row_counts.parquet' (format parquet, use_tmp_file true)
    {% endif %}
{% endmacro %}
