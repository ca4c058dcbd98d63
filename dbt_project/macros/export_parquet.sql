{#
    Post-hook of the borders and the published tables: write the model's rows, in one order, to
    $STOCKPLAN_WORK/export/<name>.parquet. Python promotes the file once dbt has succeeded.
#}
{% macro export_parquet() %}
    copy (select * from {{ this }} order by all)
    to '{{ work_folder() }}/export/{{ this.identifier }}.parquet'
    (format parquet, compression zstd, use_tmp_file true)
{% endmacro %}
